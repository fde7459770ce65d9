/** Roles of the machines that restore and that test restores. Nothing of them can write or delete a dump. */
import type { Config } from '../core/config/schema.ts';
import { readableSecrets } from '../core/plan-restore.ts';
import { sub } from './cloudformation.ts';
import {
  allow,
  bucket,
  bucketKey,
  executionsOf,
  iamUsersOf,
  loginStatements,
  objects,
  table,
  type Statement,
} from './statements.ts';

/** Without list, a missing key is answered with 403 and could not be told from a missing permission. */
function readObjects(config: Config): Statement[] {
  return [
    // The versions that were verified, and no others.
    objects('GetObjectVersion'),
    bucket('ListBucket', 'ListBucketVersions'),
    ...bucketKey(config, 'kms:Decrypt'),
  ];
}

/** Of the functions that only the restore machine calls. */
export function restoreRoles(config: Config): Record<string, Statement[]> {
  return {
    PlanRestore: [table('GetItem', 'Query', 'PutItem', 'UpdateItem'), ...readObjects(config)],
    ThawObjects: [table('GetItem'), ...readObjects(config), objects('RestoreObject')],
    CheckThaw: [table('GetItem'), ...readObjects(config)],
    CollectRestore: [table('GetItem', 'UpdateItem')],
  };
}

/** Of the functions that only the restore-test machine calls. */
export function restoreTestRoles(config: Config): Record<string, Statement[]> {
  return {
    PlanRestoreTest: [
      table('GetItem', 'Query', 'PutItem', 'UpdateItem'),
      // Whether the execution that holds its slot lives.
      allow(['states:DescribeExecution'], executionsOf('restore-test')),
      ...readObjects(config),
    ],
    CollectRestoreTest: [
      table('GetItem', 'UpdateItem'),
      allow(['s3:PutObject'], sub('${Bucket.Arn}/*/restore-test-*.json')),
      ...bucketKey(config, 'kms:GenerateDataKey', 'kms:Decrypt'),
    ],
  };
}

/** Reads dumps, and logs into the targets of restores and into sources. */
export function restoreWorkerStatements(config: Config): Statement[] {
  const sources = Object.values(config.sources);
  const connections = [...sources.map(({ connection }) => connection), ...Object.values(config.restoreTargets)];
  return [
    table('GetItem', 'UpdateItem'),
    ...readObjects(config),
    ...loginStatements(
      readableSecrets(config),
      iamUsersOf(connections),
      sources.some(({ rds }) => rds),
    ),
  ];
}

/** Reads dumps; its Postgres is its own, so that it logs in nowhere. */
export function restoreTestWorkerStatements(config: Config): Statement[] {
  return [table('GetItem', 'UpdateItem'), ...readObjects(config)];
}
