/** Claims of a run or a restore test on its scheduled slot, and of a run on its source. Owners are executions; their life is asked, not guessed. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { HoldfastError } from '../core/errors.ts';
import { activeKey, type RowKey } from '../core/keys.ts';
import type { RunRef } from '../core/steps.ts';
import { dynamo } from './clients.ts';
import { tableName } from './environment.ts';
import { executionIsRunning, executionStatus, findRow } from './run-store.ts';

type Claimant = Pick<RunRef, 'source' | 'run' | 'startedAt' | 'executionArn'>;

const Claim = z.looseObject({ owner: z.string(), run: z.string() });
type Claim = z.infer<typeof Claim>;

/**
 * Claims a scheduled slot.
 * @param key of the slot's row
 * @returns the ARN of the execution that is doing or has done this slot, or null when the slot is the caller's
 */
export async function claimSlot(claimant: Claimant, key: RowKey): Promise<string | null> {
  const holder = await claim(key, claimant, async ({ owner }) => {
    const status = await executionStatus(owner);
    return status === 'RUNNING' || status === 'SUCCEEDED';
  });
  return holder?.owner ?? null;
}

/**
 * Makes the caller the only active run of its source.
 * @throws RunInProgress naming the active run
 */
export async function claimSource(claimant: Claimant): Promise<void> {
  const holder = await claim(activeKey(claimant.source), claimant, ({ owner }) => executionIsRunning(owner));
  if (holder) {
    throw new HoldfastError(
      'RunInProgress',
      `run ${holder.run} of source ${claimant.source} is still active (${holder.owner})`,
    );
  }
}

/** Gives the source free, if it is still the caller's. */
export async function releaseSource({ source, executionArn }: Pick<RunRef, 'source' | 'executionArn'>): Promise<void> {
  try {
    await dynamo().send(
      new DeleteCommand({
        TableName: tableName(),
        Key: activeKey(source),
        ConditionExpression: '#owner = :owner',
        ExpressionAttributeNames: { '#owner': 'owner' },
        ExpressionAttributeValues: { ':owner': executionArn },
      }),
    );
  } catch (error) {
    // Released already, or taken over: either way it is not the caller's any more.
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}

/**
 * @param stands whether a claim that somebody else holds is still good
 * @returns the claim that stands in the way, or null when the claim is the caller's
 */
async function claim(
  key: RowKey,
  claimant: Claimant,
  stands: (holder: Claim) => Promise<boolean>,
): Promise<Claim | null> {
  const holder = Claim.optional().parse(await findRow(key));
  if (holder?.owner === claimant.executionArn) return null;
  if (holder && (await stands(holder))) return holder;
  if (await put(key, claimant, holder?.owner)) return null;
  // Somebody else was faster: look again at whose claim it is now.
  return claim(key, claimant, stands);
}

async function put(key: RowKey, claimant: Claimant, previousOwner: string | undefined): Promise<boolean> {
  try {
    await dynamo().send(
      new PutCommand({
        TableName: tableName(),
        Item: {
          ...key,
          owner: claimant.executionArn,
          run: claimant.run,
          startedAt: claimant.startedAt,
          attempt: 0,
        },
        ...(previousOwner === undefined
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : {
              ConditionExpression: 'attribute_not_exists(pk) OR #owner = :previous',
              ExpressionAttributeNames: { '#owner': 'owner' },
              ExpressionAttributeValues: { ':previous': previousOwner },
            }),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
