/** The mails of a local stack: a queue that gets what the topic would send. */
import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';

export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly outcome: string;
}

interface Envelope {
  readonly Subject: string;
  readonly Message: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly Value: string }>>;
}

const PATIENCE_MS = 20_000;

/** Waits for the mail about the end of a run; other mails are taken out of the queue on the way. */
export async function awaitMail(sqs: SQSClient, QueueUrl: string, outcome: string): Promise<Mail> {
  const deadline = Date.now() + PATIENCE_MS;
  while (Date.now() < deadline) {
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 2 }));
    for (const { Body = '', ReceiptHandle } of Messages) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      const mail = toMail(Body);
      if (mail.outcome === outcome) return mail;
    }
  }
  throw new Error(`no mail about a run that ${outcome} came within ${PATIENCE_MS / 1000} seconds`);
}

function toMail(body: string): Mail {
  const { Subject, Message, MessageAttributes } = JSON.parse(body) as Envelope;
  return { subject: Subject, text: Message, outcome: MessageAttributes?.['outcome']?.Value ?? '' };
}
