import { expect, it } from '@jest/globals';
import { acceptDefaultRegion } from '../../../aws/region.ts';

it.each([
  [{ AWS_DEFAULT_REGION: 'eu-west-1' }, 'eu-west-1'],
  [{ AWS_DEFAULT_REGION: 'eu-west-1', AWS_REGION: '' }, 'eu-west-1'],
  [{ AWS_DEFAULT_REGION: 'eu-west-1', AWS_REGION: 'us-east-1' }, 'us-east-1'],
  [{ AWS_DEFAULT_REGION: '' }, undefined],
  [{}, undefined],
])('%j: %s', (given, region) => {
  const env: NodeJS.ProcessEnv = { ...given };
  acceptDefaultRegion(env);
  expect(env['AWS_REGION']).toBe(region);
});
