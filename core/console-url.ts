/** Links into the AWS console. */

const CONSOLE_OF_PARTITION: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

/** Page of an execution of Step Functions; undefined where the text is no ARN of a partition with a console. */
export function consoleUrl(executionArn: string): string | undefined {
  const [, partition = '', service, region = ''] = executionArn.split(':');
  const host = CONSOLE_OF_PARTITION[partition];
  if (host === undefined || service !== 'states' || region === '') return undefined;
  return `https://${region}.${host}/states/home?region=${region}#/v2/executions/details/${executionArn}`;
}
