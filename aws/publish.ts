/** Sends messages to the topic, and remembers that the end of a run, a restore or a restore test was announced. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PublishCommand } from '@aws-sdk/client-sns';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { latestKey } from '../core/keys.ts';
import { composeMessage, type Message } from '../core/messages.ts';
import { composeRestoreMessage } from '../core/restore-messages.ts';
import type { SourcesMessage } from '../core/sources-message.ts';
import { isRestoring, type WorkRow } from '../core/work-row.ts';
import { dynamo, sns } from './clients.ts';
import { bucketName, tableName, topicArn } from './environment.ts';
import { findRow } from './run-store.ts';

const LatestRow = z.looseObject({ run: z.string(), startedAt: z.string(), finishedAt: z.string() });

/** Publishes what the row says: started, succeeded, failed or aborted. */
export async function publishWork(row: WorkRow): Promise<void> {
  const { subject, text, json, attributes } = await compose(row);
  await sns().send(
    new PublishCommand({
      TopicArn: topicArn(),
      Subject: subject,
      Message: text,
      // Machines read the attribute; e-mail never shows it.
      MessageAttributes: Object.fromEntries(
        Object.entries({ ...attributes, event: JSON.stringify(json) }).map(([name, StringValue]) => [
          name,
          { DataType: 'String', StringValue },
        ]),
      ),
    }),
  );
}

/** Publishes what is the matter with sources, whatever their runs have said. */
export async function publishAboutSources({ subject, text, json, sources }: SourcesMessage): Promise<void> {
  await sns().send(
    new PublishCommand({
      TopicArn: topicArn(),
      Subject: subject,
      Message: text,
      MessageAttributes: {
        source: { DataType: 'String.Array', StringValue: JSON.stringify(sources) },
        outcome: { DataType: 'String', StringValue: json.outcome },
        event: { DataType: 'String', StringValue: JSON.stringify(json) },
      },
    }),
  );
}

async function compose(row: WorkRow): Promise<Message> {
  const now = new Date();
  if (isRestoring(row)) return composeRestoreMessage({ row, now });
  const latest = LatestRow.optional().parse(await findRow(latestKey(row.source))) ?? null;
  return composeMessage({ run: row, latest, now, bucket: bucketName() });
}

/** Publishes the end of work and marks its row, so that the backstop stays silent. */
export async function publishEnd(row: WorkRow): Promise<void> {
  await publishWork(row);
  try {
    await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { pk: row.pk, sk: row.sk },
        UpdateExpression: 'SET notifiedAt = :now',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeValues: { ':now': new Date().toISOString() },
      }),
    );
  } catch (error) {
    // The failure could not be recorded either: the backstop will record it, and announce it once more.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
