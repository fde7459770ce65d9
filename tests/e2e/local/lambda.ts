import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runCommand } from '../../../local/run-command.ts';
import type { State } from './machines.ts';
import type { TestEmulator } from './test-emulator.ts';

/** Creates a function whose handler has this body. By plain HTTP: the project does not need Lambda's client otherwise. */
export async function createFunction(emulator: TestEmulator, name: string, body: string, timeoutS = 5): Promise<void> {
  const request = {
    FunctionName: name,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: 'arn:aws:iam::000000000000:role/any',
    Timeout: timeoutS,
    Code: { ZipFile: await zipOf(`export const handler = async (event) => { ${body} };`) },
  };
  const response = await fetch(`${emulator.endpoint}/2015-03-31/functions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`CreateFunction: ${response.status} ${await response.text()}`);
}

async function zipOf(source: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'hf-test-'));
  try {
    const file = path.join(directory, 'index.mjs');
    const zip = path.join(directory, 'code.zip');
    await writeFile(file, source);
    await runCommand('python3', ['-m', 'zipfile', '-c', zip, file]);
    return (await readFile(zip)).toString('base64');
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** A state that calls a function with the state's input and gives its answer. */
export function invokeState(name: string, more: State = {}): State {
  return {
    Type: 'Task',
    Resource: 'arn:aws:states:::lambda:invoke',
    Arguments: { FunctionName: name, Payload: '{% $states.input %}' },
    Output: '{% $states.result.Payload %}',
    End: true,
    ...more,
  };
}
