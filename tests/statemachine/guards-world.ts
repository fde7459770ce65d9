/** The table and executions in every state, in the local emulator, for the writes that guard a run. */
import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { startMachine, type State } from '../e2e/local/machines.ts';
import { eventually } from '../e2e/local/mend-suite.ts';
import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { startTestEmulator, type TestEmulator } from '../e2e/local/test-emulator.ts';
import type { Keep } from '../e2e/support/stop-after-tests.ts';

const TABLE = 'holdfast';

/** Starts the emulator and points the clients of aws/ at it. */
export async function startGuardsWorld(keep: Keep): Promise<TestEmulator> {
  const emulator = await keep(startTestEmulator());
  const { accessKeyId, secretAccessKey } = emulator.settings.credentials;
  Object.assign(process.env, {
    AWS_ENDPOINT_URL: emulator.endpoint,
    AWS_REGION: emulator.settings.region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    HOLDFAST_TABLE: TABLE,
  });
  await new DynamoDBClient(emulator.settings).send(
    new CreateTableCommand({
      TableName: TABLE,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'run'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'byRun',
          KeySchema: [
            { AttributeName: 'run', KeyType: 'HASH' },
            { AttributeName: 'sk', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    }),
  );
  return emulator;
}

const STATES: Readonly<Record<string, State>> = {
  RUNNING: { Type: 'Wait', Seconds: 3600, End: true },
  SUCCEEDED: { Type: 'Succeed' },
  FAILED: { Type: 'Fail' },
};

/** @returns the ARN of an execution that has reached a status, and stays there */
export async function executionThatIs(
  emulator: TestEmulator,
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED',
): Promise<string> {
  const { sfn, executionArn } = await startMachine(emulator, { Only: STATES[status] ?? {} });
  return eventually(async () => {
    const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    return execution.status === status ? executionArn : undefined;
  });
}

/** An execution so old that Step Functions has forgotten it. */
export const FORGOTTEN = 'arn:aws:states:us-east-1:000000000000:execution:machine-1:forgotten';
