/** What the roles of the deployed stacks did while the end-to-end tests ran, as the emulator wrote it down. */
import { readFileSync } from 'node:fs';

export interface RecordedCall {
  /** Logical name of the role, without "Role". */
  readonly role: string;
  /** Such as `s3:PutObject`. */
  readonly action: string;
  readonly resource: string;
  readonly decision: 'Allow' | 'Deny' | 'ImplicitDeny';
}

/** @throws when nothing was recorded: a test that compares with nothing would prove nothing */
export function recordedCalls(): RecordedCall[] {
  const file = process.env['HOLDFAST_CALLS_FILE'];
  if (file === undefined) throw new Error('HOLDFAST_CALLS_FILE names no file: run all tests with npm test');
  const calls = readFileSync(file, 'utf8').trimEnd().split('\n');
  return calls.map((line) => {
    const call = JSON.parse(line) as RecordedCall;
    return { ...call, role: logicalName(call.role) };
  });
}

/** `holdfast-local-PlanBackupRole-1F76C20719234`, as CloudFormation names it. */
function logicalName(role: string): string {
  return /-(\w+)Role-\w+$/.exec(role)?.[1] ?? role;
}
