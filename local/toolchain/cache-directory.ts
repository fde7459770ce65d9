import { homedir } from 'node:os';
import path from 'node:path';

/**
 * Where downloaded tools are kept, shared by all checkouts of this machine: HOLDFAST_CACHE, else for root
 * /var/cache/holdfast (root's home is closed to the user that Postgres runs as), else the user's own cache folder.
 */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env, uid = process.getuid?.()): string {
  const chosen = env['HOLDFAST_CACHE'];
  if (chosen !== undefined && chosen !== '') return path.resolve(chosen);
  if (uid === 0) return '/var/cache/holdfast';
  const userCache = env['XDG_CACHE_HOME'];
  const base = userCache !== undefined && path.isAbsolute(userCache) ? userCache : path.join(homedir(), '.cache');
  return path.join(base, 'holdfast');
}
