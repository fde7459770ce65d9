/** `node main.ts <settings.json>`: serves containers on a unix socket until SIGTERM, then ends what it started. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { RuntimeSettings } from './containers.ts';
import { ProcessRuntime } from './server.ts';

interface DaemonSettings extends RuntimeSettings {
  readonly socket: string;
}

const [settingsFile = ''] = process.argv.slice(2);
const settings = JSON.parse(readFileSync(settingsFile, 'utf8')) as DaemonSettings;
const runtime = new ProcessRuntime(settings);
await rm(settings.socket, { force: true });
// Whoever can connect can start programs as this user.
process.umask(0o077);
runtime.server.listen(settings.socket);
await once(runtime.server, 'listening');
process.umask(0o022);

let closing = false;
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (closing) return;
    closing = true;
    void runtime.close();
  });
}
