/** RDS's query API on a loopback port: answers each action as the test says, and remembers what was asked. */
import type { IncomingMessage } from 'node:http';
import { startLoopback } from './loopback.ts';

/** XML inside `<ActionResult>`, or an error by the code that RDS writes. */
export type Answer = string | { readonly code: string; readonly message: string };

export interface FakeRds {
  /** The answer to an action; an action without one is an error. */
  answers: Record<string, Answer>;
  /** Requests since they were last cleared, as `Action Parameter=value …`. */
  readonly asked: URLSearchParams[];
  stop(): Promise<void>;
}

/** Starts it and points the clients of aws/ at it. */
export async function startFakeRds(): Promise<FakeRds> {
  const fake = { answers: {} as FakeRds['answers'], asked: [] as URLSearchParams[] };
  const stop = await startLoopback((request, response) => {
    void readForm(request).then((form) => {
      fake.asked.push(form);
      const action = form.get('Action') ?? '';
      const answer = fake.answers[action] ?? { code: 'InternalFailure', message: `nobody expected ${action}` };
      response.writeHead(typeof answer === 'string' ? 200 : 400, { 'content-type': 'text/xml' });
      response.end(typeof answer === 'string' ? resultOf(action, answer) : errorOf(answer));
    });
  });
  return Object.assign(fake, { stop });
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString());
}

function resultOf(action: string, xml: string): string {
  return `<${action}Response xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><${action}Result>${xml}</${action}Result></${action}Response>`;
}

function errorOf({ code, message }: { readonly code: string; readonly message: string }): string {
  return `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
}
