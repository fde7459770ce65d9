/** A way that is a few lines of shell, as people have them. */
import path from 'node:path';
import { CREDENTIALS, REGION } from '../../../local/emulator.ts';
import { libpqEnvironment } from '../database/build.ts';
import { runMeasured } from '../measure/run-measured.ts';
import { BUCKET } from '../sink/start-sink.ts';
import type { Folders, Scene, Way, WayId } from './way.ts';

interface ShellWay extends Omit<Way, 'run'> {
  readonly script: string;
}

/** A dump. */
export function shellWay({ script, ...way }: ShellWay): Way {
  return {
    ...way,
    run: async (scene, folders) => {
      const { measured, complaint } = await runScript(script, way.id, scene, folders);
      return { measured, problem: complaint ?? (way.kind === 'limit' ? null : await storedProblem(scene, way.id)) };
    },
  };
}

/**
 * @param script sees PostgreSQL's programs, aws and pigz, libpq's variables, TMPDIR and, as $OBJECT, its object in S3
 * @param key of that object
 */
export function runScript(
  script: string,
  key: WayId,
  scene: Scene,
  { temporary, reports }: Folders,
): ReturnType<typeof runMeasured> {
  return runMeasured({
    command: 'bash',
    args: ['-e', '-o', 'pipefail', '-c', script],
    env: { ...shellEnvironment(scene), TMPDIR: temporary, OBJECT: `s3://${BUCKET}/${key}` },
    reports,
  });
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
  const object = objects.find(({ key }) => key === id);
  if (openUploads.length > 0) return `uploads of ${openUploads.join(', ')} were left open`;
  if (!object) return `${objects.length} objects are in S3, and not ${id}`;
  return object.sizeBytes > 0 ? null : 'the object in S3 is empty';
}
