import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { abortUploads } from '../../../aws/uploads.ts';
import { startLoopback } from './loopback.ts';

/** Open uploads of a bucket on a loopback port, two to a page; `stuck` ones may not be aborted. */
let open: { key: string; id: string; stuck?: boolean }[];
let stop: () => Promise<void>;

beforeAll(async () => {
  stop = await startLoopback((request, response) => {
    const url = new URL(request.url ?? '', 'http://s3');
    const [status, body] =
      request.method === 'DELETE' ? abort(url.searchParams.get('uploadId') ?? '') : [200, list(url.searchParams)];
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
  });
});
afterAll(() => stop());

/** A page that begins after the upload that the markers name, as S3 does. */
function list(query: URLSearchParams): string {
  const below = open.filter(({ key }) => key.startsWith(query.get('prefix') ?? ''));
  const keyMarker = query.get('key-marker') ?? '';
  const idMarker = query.get('upload-id-marker');
  // Without the id's marker S3 goes on after the key, whatever other uploads that key has.
  const isAfter = (key: string, id: string): boolean =>
    key > keyMarker || (key === keyMarker && idMarker !== null && id > idMarker);
  const rest = below.filter(({ key, id }) => isAfter(key, id));
  const page = rest.slice(0, 2);
  const last = page.at(-1);
  const uploads = page.map(({ key, id }) => `<Upload><Key>${key}</Key><UploadId>${id}</UploadId></Upload>`).join('');
  const next = `<NextKeyMarker>${last?.key ?? ''}</NextKeyMarker><NextUploadIdMarker>${last?.id ?? ''}</NextUploadIdMarker>`;
  return `<ListMultipartUploadsResult><IsTruncated>${rest.length > 2}</IsTruncated>${next}${uploads}</ListMultipartUploadsResult>`;
}

function abort(id: string): [number, string] {
  const upload = open.find((each) => each.id === id);
  if (!upload) return [404, '<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>'];
  if (upload.stuck)
    return [403, '<Error><Code>AccessDenied</Code><Message>no s3:AbortMultipartUpload</Message></Error>'];
  open = open.filter((each) => each.id !== id);
  return [204, ''];
}

beforeEach(() => {
  open = [
    { key: 'orders/2025/11/21/run-1/a/1/archive.dump', id: 'u1' },
    { key: 'orders/2025/11/21/run-1/a/1/archive.dump', id: 'u2' },
    { key: 'orders/2025/11/21/run-1/a/1/archive.dump', id: 'u3' },
    { key: 'orders/2025/11/21/run-1/b/1/archive.dump', id: 'u4' },
    { key: 'orders/2025/11/21/run-1/b/1/roles.sql', id: 'u5' },
    { key: 'orders/2025/11/21/run-10/a/1/archive.dump', id: 'u6' },
  ];
});

const RUN_1 = 'orders/2025/11/21/run-1/';

describe('abortUploads', () => {
  it('aborts every upload of the run, however many pages they fill, and no other', async () => {
    expect(await abortUploads(RUN_1)).toBe(5);
    expect(open.map(({ id }) => id)).toEqual(['u6']);
  });

  it('finds nothing to do the second time', async () => {
    await abortUploads(RUN_1);
    expect(await abortUploads(RUN_1)).toBe(0);
  });

  it('takes an upload that is gone meanwhile for aborted', async () => {
    open = [{ key: `${RUN_1}a/1/archive.dump`, id: 'u1' }];
    // The worker aborts it too, between the listing and the abort.
    const both = await Promise.all([abortUploads(RUN_1), abortUploads(RUN_1)]);
    expect(both.every((aborted) => aborted <= 1)).toBe(true);
    expect(open).toEqual([]);
  });

  it('does not take a refusal for an abort', async () => {
    open = [{ key: `${RUN_1}a/1/archive.dump`, id: 'u1', stuck: true }];
    await expect(abortUploads(RUN_1)).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});
