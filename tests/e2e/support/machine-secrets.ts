/** Where a secret must never be: all that a stack has written, stored, sent and remembered. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { GetExecutionHistoryCommand, ListExecutionsCommand } from '@aws-sdk/client-sfn';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { MachineWorld } from './machine-world.ts';

/** @returns the names of the places that hold the secret, as it is or as JSON, URLs and shells would write it */
export async function placesThatHold(world: MachineWorld, secret: string): Promise<string[]> {
  const json = JSON.stringify(secret).slice(1, -1);
  // What was quoted before it was put into JSON.
  const forms = [secret, json, JSON.stringify(json).slice(1, -1), encodeURIComponent(secret), encodeURI(secret)];
  const places = [...(await logs(world)), ...(await rows(world)), ...mails(world), ...(await histories(world))];
  if (places.length < 10) throw new Error('there is hardly anything to look into');
  return places.filter(({ text }) => forms.some((form) => text.includes(form))).map(({ name }) => name);
}

interface Place {
  readonly name: string;
  readonly text: string;
}

async function logs({ stack }: MachineWorld): Promise<Place[]> {
  const folder = path.join(stack.directory, 'logs');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return Promise.all(files.map(async (name) => ({ name, text: await readFile(name, 'utf8').catch(() => '') })));
}

async function rows({ stack }: MachineWorld): Promise<Place[]> {
  const { Items = [] } = await stack.clients.dynamo.send(new ScanCommand({ TableName: stack.info.table }));
  return Items.map((item) => ({ name: `row ${String(item['pk'])} ${String(item['sk'])}`, text: JSON.stringify(item) }));
}

function mails({ mailbox }: MachineWorld): Place[] {
  return mailbox.mails.map((mail) => ({ name: `mail "${mail.subject}"`, text: JSON.stringify(mail) }));
}

async function histories({ stack }: MachineWorld): Promise<Place[]> {
  const { stepFunctions } = stack.clients;
  const lists = await Promise.all(
    Object.values(stack.info.stateMachines).map((stateMachineArn) =>
      stepFunctions.send(new ListExecutionsCommand({ stateMachineArn, maxResults: 1000 })),
    ),
  );
  const executions = lists.flatMap((list) => list.executions ?? []);
  return Promise.all(
    executions.map(async ({ executionArn }) => {
      const command = new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 });
      return {
        name: `history of ${executionArn ?? ''}`,
        text: JSON.stringify((await stepFunctions.send(command)).events),
      };
    }),
  );
}
