/** The mails of a stack, by the run that they are about. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import type { RunEvent } from '../../../core/message-event.ts';
import type { RestoreEvent } from '../../../core/restore-event.ts';
import type { TestStack } from './stack.ts';

export interface Mail {
  readonly subject: string;
  readonly text: string;
  /** Message attributes. */
  readonly source: string;
  readonly outcome: string;
  readonly event: RunEvent | RestoreEvent;
}

export interface Mailbox {
  /** All mails that have come so far. */
  readonly mails: readonly Mail[];
  /** All mails about a run that have come so far, in the order in which they came. */
  about(run: string): readonly Mail[];
  /** Waits for the mail about the end of a run. */
  endOf(run: string): Promise<Mail>;
  stop(): Promise<void>;
}

interface Envelope {
  readonly Subject: string;
  readonly Message: string;
  readonly MessageAttributes: Readonly<Record<'source' | 'outcome' | 'event', { readonly Value: string }>>;
}

const PATIENCE_MS = 30_000;

export function startMailbox(stack: TestStack): Mailbox {
  const mails: Mail[] = [];
  const stopped = new AbortController();
  const collecting = collect(stack, mails, stopped.signal);
  const about = (run: string): Mail[] => mails.filter(({ event }) => event.run === run);
  return {
    mails,
    about,
    endOf: async (run) => {
      const deadline = Date.now() + PATIENCE_MS;
      while (Date.now() < deadline) {
        const end = about(run).find(({ outcome }) => outcome !== 'started');
        if (end) return end;
        await sleep(50);
      }
      throw new Error(`no mail about the end of run ${run} came within ${PATIENCE_MS} ms`);
    },
    stop: async () => {
      stopped.abort();
      await collecting;
    },
  };
}

async function collect({ clients, info }: TestStack, mails: Mail[], stopped: AbortSignal): Promise<void> {
  const QueueUrl = info.mailbox;
  const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 });
  while (!stopped.aborted) {
    const { Messages = [] } = await clients.sqs.send(receive);
    for (const { Body = '', ReceiptHandle } of Messages) {
      mails.push(toMail(JSON.parse(Body) as Envelope));
      await clients.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    if (Messages.length === 0) await sleep(200, undefined, { signal: stopped }).catch(() => undefined);
  }
}

function toMail({ Subject, Message, MessageAttributes }: Envelope): Mail {
  const { source, outcome, event } = MessageAttributes;
  return {
    subject: Subject,
    text: Message,
    source: source.Value,
    outcome: outcome.Value,
    event: JSON.parse(event.Value) as Mail['event'],
  };
}
