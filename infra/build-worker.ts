/** Builds the worker: one file, which the image and the local process runtime both run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { RDS_CA_FILE, rdsCertificatesPem } from '../worker/postgres/certificates.ts';

const CHECKOUT = join(import.meta.dirname, '..');

/** Writes `worker.mjs` and the certificates of RDS into a folder. */
export async function buildWorker(outDir: string): Promise<void> {
  mkdirSync(outDir, { recursive: true });
  await build({
    entryPoints: [join(CHECKOUT, 'worker/main.ts')],
    outfile: join(outDir, 'worker.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    // The SDK's ES modules, and no white space: what is not loaded is not held in memory for hours (15 MiB less).
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    sourcemap: 'linked',
    sourcesContent: false,
    // An optional native driver that pg asks for and does without.
    external: ['pg-native'],
    // CommonJS dependencies inside an ES module still call require().
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    logLevel: 'warning',
  });
  writeFileSync(join(outDir, RDS_CA_FILE), rdsCertificatesPem());
}
