/** State RecordManifest: judges the parts, and records what is good as a recovery point. After it nothing changes the verdict. */
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { dynamo, s3 } from '../aws/clients.ts';
import { bucketName, tableName } from '../aws/environment.ts';
import { getRun } from '../aws/run-store.ts';
import { metricsOfRun } from '../core/run-metrics.ts';
import { buildManifest } from '../core/build-manifest.ts';
import { HoldfastError } from '../core/errors.ts';
import { activeKey, latestKey, manifestKey } from '../core/keys.ts';
import type { Manifest } from '../core/manifest.ts';
import type { RunRow } from '../core/run-record.ts';
import { RecordManifestInput, type RecordedManifest } from '../core/steps.ts';
import { judge, type Judgement } from '../core/verdict.ts';
import { emitMetrics } from './emit-metrics.ts';
import { taskHandler } from './handler.ts';

async function recordManifest(input: RecordManifestInput): Promise<RecordedManifest> {
  const run = await getRun(input);
  const recorded = recordedBefore(run);
  if (recorded) return recorded;
  if (run.status !== 'running') throw new HoldfastError('Cancelled', `run ${run.run} is ${run.status} already`);
  const [snapshot, dump] = input.parts;
  const { verdict, failure, dumps, failedDatabases } = judge(snapshot, dump, run.plan, run.outcome);
  if (verdict === null) {
    throw new HoldfastError(failure?.code ?? 'UnexpectedError', failure?.message ?? 'no part of the run is good');
  }
  const { finishedAt } = input;
  const manifest = buildManifest({ run, verdict, snapshot, dump, dumps, finishedAt, bucket: bucketName() });
  await storeManifest(manifest);
  const closed = await closeRun(run, manifest, { failure, failedDatabases });
  emitMetrics(metricsOfRun(manifest), run.source, new Date());
  return closed;
}

/** This state ran before and its answer was lost: the same answer again. */
function recordedBefore({ status, verdict, failure }: RunRow): RecordedManifest | null {
  return status !== 'running' && verdict !== undefined ? { verdict, failure: failure ?? null } : null;
}

async function storeManifest(manifest: Manifest): Promise<void> {
  await s3().send(
    new PutObjectCommand({
      Bucket: bucketName(),
      Key: manifestKey(manifest),
      Body: `${JSON.stringify(manifest, null, 2)}\n`,
      ContentType: 'application/json',
    }),
  );
}

type RunEnd = Pick<Judgement, 'failure' | 'failedDatabases'>;

/** One transaction: the verdict, the newest verified point and the release of the source stand or fall together. */
async function closeRun(run: RunRow, manifest: Manifest, end: RunEnd): Promise<RecordedManifest> {
  const items: TransactWriteCommandInput['TransactItems'] = [updateRun(run, manifest, end), releaseActive(run)];
  if (manifest.verdict === 'verified') items.push(putLatest(run, manifest));
  try {
    await dynamo().send(new TransactWriteCommand({ TransactItems: items }));
    return { verdict: manifest.verdict, failure: end.failure };
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    return afterRefusal(run, manifest, error);
  }
}

/** This state, running twice, may have recorded it already; else somebody closed the run, and the object must say so. */
async function afterRefusal(run: RunRow, manifest: Manifest, cause: Error): Promise<RecordedManifest> {
  const now = await getRun(run);
  const recorded = recordedBefore(now);
  if (recorded) return recorded;
  if (now.status === 'running') {
    throw new HoldfastError('UnexpectedError', `the manifest of run ${run.run} was not recorded: ${cause.message}`, {
      cause,
    });
  }
  await storeManifest({ ...manifest, verdict: 'partial' });
  throw new HoldfastError('Cancelled', `run ${run.run} was ${now.status} before its manifest could be recorded`, {
    cause,
  });
}

type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

function updateRun(run: RunRow, manifest: Manifest, { failure, failedDatabases }: RunEnd): TransactItem {
  const { source, run: id, startedAt, ...recorded } = manifest;
  const fields: Record<string, unknown> = {
    ...recorded,
    // The commands are long, derive from the rest and are in manifest.json: a row has 400 KB at most.
    dumps: manifest.dumps.map(({ restore, ...dump }) => dump),
    status: failure ? 'failed' : 'succeeded',
    ...(failure && { failure }),
    ...(failedDatabases.length > 0 && { failedDatabases }),
  };
  const names = Object.keys(fields);
  return {
    Update: {
      TableName: tableName(),
      Key: { pk: run.pk, sk: run.sk },
      UpdateExpression: `SET ${names.map((name, i) => `#${i} = :${name}`).join(', ')} REMOVE outcome`,
      ConditionExpression: '#status = :running',
      ExpressionAttributeNames: {
        '#status': 'status',
        ...Object.fromEntries(names.map((name, i) => [`#${i}`, name])),
      },
      ExpressionAttributeValues: {
        ':running': 'running',
        ...Object.fromEntries(names.map((name) => [`:${name}`, fields[name]])),
      },
    },
  };
}

function releaseActive({ source, executionArn }: RunRow): TransactItem {
  return {
    Delete: {
      TableName: tableName(),
      Key: activeKey(source),
      ConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: { '#owner': 'owner' },
      ExpressionAttributeValues: { ':owner': executionArn },
    },
  };
}

function putLatest({ source, run, startedAt, sk }: RunRow, { finishedAt }: Manifest): TransactItem {
  return {
    Put: { TableName: tableName(), Item: { ...latestKey(source), run, startedAt, finishedAt, runSk: sk } },
  };
}

export const handler = taskHandler(RecordManifestInput, recordManifest);
