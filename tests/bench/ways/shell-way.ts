/** A way that is a few lines of shell, as people have them. */
import path from 'node:path';
import { CREDENTIALS, REGION } from '../../../local/emulator.ts';
import { libpqEnvironment } from '../database/build.ts';
import { runMeasured } from '../measure/run-measured.ts';
import { BUCKET } from '../sink/start-sink.ts';
import type { Folders, Scene, Way, WayRun } from './way.ts';

interface ShellWay extends Omit<Way, 'run'> {
  /** Sees pg_dump, aws and pigz, libpq's variables, TMPDIR and, as $DESTINATION, where in S3 its object belongs. */
  readonly script: string;
}

export function shellWay({ script, ...way }: ShellWay): Way {
  return { ...way, run: (scene, folders) => runScript(way, script, scene, folders) };
}

async function runScript(
  { id, kind }: Pick<Way, 'id' | 'kind'>,
  script: string,
  scene: Scene,
  { temporary, reports }: Folders,
): Promise<WayRun> {
  const { measured, complaint } = await runMeasured({
    command: 'bash',
    args: ['-e', '-o', 'pipefail', '-c', script],
    env: { ...shellEnvironment(scene), TMPDIR: temporary, DESTINATION: `s3://${BUCKET}/${id}` },
    reports,
  });
  return { measured, problem: complaint ?? (kind === 'limit' ? null : await storedProblem(scene, id)) };
}

function shellEnvironment({ server, sink, rivals }: Scene): Record<string, string> {
  const folders = [server.pgBin, path.join(rivals.awsCli, 'bin'), ...(rivals.pigz === null ? [] : [rivals.pigz])];
  return {
    ...libpqEnvironment(server),
    PATH: [...folders, '/usr/bin', '/bin'].join(path.delimiter),
    PYTHONPATH: rivals.awsCli,
    AWS_ENDPOINT_URL_S3: sink.endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    // No settings of the caller's: the AWS CLI as it is.
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}

async function storedProblem({ sink }: Scene, id: string): Promise<string | null> {
  const { objects, openUploads } = await sink.status();
  const [object] = objects;
  if (openUploads.length > 0) return `uploads of ${openUploads.join(', ')} were left open`;
  if (objects.length !== 1 || object?.key !== id) return `${objects.length} objects are in S3`;
  return object.sizeBytes > 0 ? null : 'the object in S3 is empty';
}
