import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from '@jest/globals';
import { RunTaskCommand } from '@aws-sdk/client-ecs';
import { REGION } from '../../../local/emulator.ts';
import { registerScript } from './ecs.ts';
import { describeMend, eventually } from './mend-suite.ts';

describeMend('ecs_environment', {
  'a container knows its region': async (emulator) => {
    const ecs = await registerScript(emulator, 'region', 'echo "[$AWS_REGION $AWS_DEFAULT_REGION]"');
    await ecs.send(new RunTaskCommand({ cluster: 'test', taskDefinition: 'region' }));
    const logs = path.join(emulator.directory, 'containers');
    const log = await eventually(async () => {
      const [file = ''] = await readdir(logs);
      return (await readFile(path.join(logs, file), 'utf8').catch(() => '')) || undefined;
    });
    expect(log).toBe(`[${REGION} ${REGION}]\n`);
  },
});
