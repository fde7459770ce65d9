/** Finds a deployed Holdfast by its CloudFormation stack, so that whoever uses it needs nothing but its stage. */
import { paginateDescribeStacks, type Stack } from '@aws-sdk/client-cloudformation';
import { HoldfastError } from '../core/errors.ts';
import { cloudFormation } from './clients.ts';

export interface Deployment {
  readonly stage: string;
  readonly backupMachineArn: string;
  readonly restoreMachineArn: string;
  readonly restoreTestMachineArn: string;
  readonly retentionMachineArn: string;
  readonly bucket: string;
  readonly table: string;
}

const STACK_PREFIX = 'holdfast-';

/** The output that tells a deployment from some other stack whose name begins alike. */
const MACHINE_OUTPUT = 'BackupMachineArn';

/**
 * The deployment of a stage, or the only one there is.
 * @throws InvalidInput where there is none, or no stage was named and there are several: both list what there is
 */
export async function findDeployment(stage: string | undefined): Promise<Deployment> {
  const stacks = await holdfastStacks();
  const stages = stacks.map(stageOf);
  const there = stages.length === 0 ? 'no stage is deployed there' : `deployed there: ${stages.join(', ')}`;
  const place = await describePlace();
  if (stage === undefined) {
    const [only, ...others] = stacks;
    if (!only) throw notFound(`no stack named ${STACK_PREFIX}<stage> was found ${place}`);
    if (others.length === 0) return toDeployment(only);
    throw new HoldfastError('InvalidInput', `several stages are deployed ${place}: name one with --stage (${there})`);
  }
  const named = stacks.find((stack) => stageOf(stack) === stage);
  if (!named) throw notFound(`no stack ${STACK_PREFIX}${stage} was found ${place} (${there})`);
  return toDeployment(named);
}

/** The bucket of a stage; undefined: the stage is not deployed. */
export async function findBucket(stage: string): Promise<string | undefined> {
  const stack = (await holdfastStacks()).find((each) => stageOf(each) === stage);
  return stack && output(stack, 'BucketName');
}

function notFound(what: string): HoldfastError {
  return new HoldfastError(
    'InvalidInput',
    `${what}: check --stage, AWS_PROFILE and AWS_REGION, or deploy with npm run deploy -- --stage <stage>`,
  );
}

/** Stacks that are being created for the first time have no outputs yet and are left out. */
async function holdfastStacks(): Promise<Stack[]> {
  const found: Stack[] = [];
  for await (const { Stacks = [] } of paginateDescribeStacks({ client: cloudFormation() }, {})) {
    found.push(...Stacks.filter((stack) => nameOf(stack).startsWith(STACK_PREFIX) && output(stack, MACHINE_OUTPUT)));
  }
  return found.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

const nameOf = ({ StackName = '' }: Stack): string => StackName;
const stageOf = (stack: Stack): string => nameOf(stack).slice(STACK_PREFIX.length);

function output({ Outputs = [] }: Stack, name: string): string | undefined {
  return Outputs.find(({ OutputKey }) => OutputKey === name)?.OutputValue;
}

function toDeployment(stack: Stack): Deployment {
  const required = (name: string): string => {
    const value = output(stack, name);
    if (value !== undefined) return value;
    throw new HoldfastError('InvalidInput', `stack ${nameOf(stack)} has no output ${name}: deploy it again`);
  };
  return {
    stage: stageOf(stack),
    backupMachineArn: required(MACHINE_OUTPUT),
    restoreMachineArn: required('RestoreMachineArn'),
    restoreTestMachineArn: required('RestoreTestMachineArn'),
    retentionMachineArn: required('RetentionMachineArn'),
    bucket: required('BucketName'),
    table: required('TableName'),
  };
}

async function describePlace(): Promise<string> {
  return `in region ${await cloudFormation().config.region()}`;
}
