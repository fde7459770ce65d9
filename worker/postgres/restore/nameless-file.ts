/** Files for programs that read nothing else: without a name, so that they are gone with whoever has them open. */
import { randomUUID } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A child that gets it as descriptor N opens it as `/dev/fd/N`, from its beginning. */
export async function namelessFile(content: Uint8Array): Promise<FileHandle> {
  const name = path.join(tmpdir(), `holdfast-${randomUUID()}`);
  const file = await open(name, 'wx+', 0o600);
  try {
    await unlink(name);
    // At a position, which leaves the file's own at its beginning: some systems share it with whoever opens /dev/fd/N.
    for (let at = 0; at < content.length;) {
      const { bytesWritten } = await file.write(content, at, content.length - at, at);
      at += bytesWritten;
    }
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}
