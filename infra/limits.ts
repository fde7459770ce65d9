/** What AWS would refuse half-way through a deployment is refused when packaging, with what to do about it. */
import { HoldfastError } from '../core/errors.ts';

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
}

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** "Resources in a CloudFormation template" (CloudFormation user guide, quotas). */
const MAX_RESOURCES = 500;

/** "Template body size in an object in an Amazon S3 bucket" (CloudFormation user guide, quotas). */
const MAX_TEMPLATE_BYTES = 1024 * 1024;

/** "Maximum aggregate inline policies of a role", in characters without white space (IAM user guide, quotas). */
const MAX_ROLE_POLICY_CHARACTERS = 10_240;

/** Longest name of a schedule (EventBridge Scheduler API reference, CreateSchedule). */
const MAX_SCHEDULE_NAME_CHARACTERS = 64;

const SPLIT = 'move sources into a second configuration and deploy it as a stage of its own';

/** @throws InvalidConfig with the numbers */
export function requireWithinLimits(template: Template): void {
  const count = Object.keys(template.Resources).length;
  if (count > MAX_RESOURCES) {
    refuse(`the configuration makes ${count} CloudFormation resources, a template holds ${MAX_RESOURCES}: ${SPLIT}`);
  }
  const bytes = Buffer.byteLength(JSON.stringify(template));
  if (bytes > MAX_TEMPLATE_BYTES) {
    refuse(
      `the configuration makes a template of ${bytes} bytes, CloudFormation takes ${MAX_TEMPLATE_BYTES}: ${SPLIT}`,
    );
  }
  for (const [name, { Type, Properties = {} }] of Object.entries(template.Resources)) {
    if (Type === 'AWS::IAM::Role') requireRoleWithinLimits(name, Properties['Policies']);
    if (Type === 'AWS::Scheduler::Schedule') requireScheduleWithinLimits(Properties['Name']);
  }
}

function requireRoleWithinLimits(name: string, policies: unknown): void {
  const characters = JSON.stringify(widest(policies) ?? []).length;
  if (characters <= MAX_ROLE_POLICY_CHARACTERS) return;
  refuse(
    `the policy of ${name} has up to ${characters} characters, IAM holds ${MAX_ROLE_POLICY_CHARACTERS}: ` +
      `let sources share a secret, or ${SPLIT}`,
  );
}

function requireScheduleWithinLimits(name: unknown): void {
  if (typeof name !== 'string' || name.length <= MAX_SCHEDULE_NAME_CHARACTERS) return;
  refuse(
    `schedule name ${name} has ${name.length} characters, EventBridge holds ${MAX_SCHEDULE_NAME_CHARACTERS}: ` +
      'choose a shorter stage or source name',
  );
}

function refuse(message: string): never {
  throw new HoldfastError('InvalidConfig', message);
}

const PSEUDO_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['AWS::Partition', 'aws-us-gov'],
  ['AWS::Region', 'ap-southeast-1'],
  ['AWS::AccountId', '123456789012'],
]);
/** As long as the names and ARNs that CloudFormation gives to the resources of this stack. */
const GIVEN_NAME = 'x'.repeat(100);

/** A value with its CloudFormation expressions replaced by text that is at least as long as what they become. */
function widest(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(widest);
  if ('Ref' in value || 'Fn::GetAtt' in value) return GIVEN_NAME;
  if ('Fn::Sub' in value && typeof value['Fn::Sub'] === 'string') {
    return value['Fn::Sub'].replace(
      /\$\{([^}]+)\}/g,
      (_all, name: string) => PSEUDO_PARAMETERS.get(name) ?? GIVEN_NAME,
    );
  }
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, widest(entry)]));
}
