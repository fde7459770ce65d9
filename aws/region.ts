/** Takes the region of AWS_DEFAULT_REGION where AWS_REGION names none, as the AWS CLI does and the SDK here does not. */
export function acceptDefaultRegion(env: NodeJS.ProcessEnv = process.env): void {
  const region = env['AWS_DEFAULT_REGION'];
  if (region === undefined || region === '') return;
  if (env['AWS_REGION'] === undefined || env['AWS_REGION'] === '') env['AWS_REGION'] = region;
}
