import { HoldfastError } from '../../../core/errors.ts';
import { postgresCommand } from '../database/build.ts';
import { gzipPipe } from './gzip-pipe.ts';
import { runScript } from './shell-way.ts';
import { RESTORED, type RestoreWay, type Way } from './way.ts';
import { zstdPipe } from './zstd-pipe.ts';

/** What people have, and how they restore it: a stream goes through one pg_restore, which has one session. */
export const gzipRestore = pipeRestore(gzipPipe, {
  id: 'gzip-restore',
  title: 'aws s3 cp - | pg_restore, of pg_dump -Fc',
  kind: 'rival',
});

/** The same of what the best stock pipe has dumped. */
export const zstdRestore = pipeRestore(zstdPipe, {
  id: 'zstd-restore',
  title: 'aws s3 cp - | pg_restore, of pg_dump -Fc -Zzstd:1',
  kind: 'rival',
});

function pipeRestore(dumpedBy: Way, label: Omit<RestoreWay, 'prepare'>): RestoreWay {
  const script = `aws s3 cp --only-show-errors "$OBJECT" - | pg_restore --dbname=${RESTORED}`;
  return {
    ...label,
    prepare: async (scene, folders) => {
      const { problem } = await dumpedBy.run(scene, folders);
      if (problem !== null) throw new HoldfastError('UnexpectedError', `${dumpedBy.title}: ${problem}`);
      return async (scene, folders) => {
        await postgresCommand(scene.server)('createdb', [RESTORED]);
        const { measured, complaint } = await runScript(script, dumpedBy.id, scene, folders);
        return { measured, problem: complaint };
      };
    },
  };
}
