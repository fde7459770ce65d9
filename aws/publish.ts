/** Sends a run's message to the topic, and remembers that the end of the run was announced. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PublishCommand } from '@aws-sdk/client-sns';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { latestKey } from '../core/keys.ts';
import { composeMessage } from '../core/messages.ts';
import type { RunRow } from '../core/run-record.ts';
import { dynamo, sns } from './clients.ts';
import { bucketName, tableName, topicArn } from './environment.ts';
import { findRow } from './run-store.ts';

const LatestRow = z.looseObject({ run: z.string(), startedAt: z.string(), finishedAt: z.string() });

/** Publishes what the row says of its run: started, succeeded, failed or aborted. */
export async function publishRun(run: RunRow): Promise<void> {
  const latest = LatestRow.optional().parse(await findRow(latestKey(run.source))) ?? null;
  const { subject, text, json, attributes } = composeMessage({ run, latest, now: new Date(), bucket: bucketName() });
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

/** Publishes the end of a run and marks its row, so that the backstop stays silent. */
export async function publishEnd(run: RunRow): Promise<void> {
  await publishRun(run);
  try {
    await dynamo().send(
      new UpdateCommand({
        TableName: tableName(),
        Key: { pk: run.pk, sk: run.sk },
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
