/** `npm run local -- up | status | down`: AWS on one machine. */
import { parseArgs } from 'node:util';
import { HoldfastError } from '../core/errors.ts';
import { catchInterruption } from './interruption.ts';
import { describeStack, startStack, stopStack, type StackInfo } from './stack.ts';

const USAGE = `usage: npm run local -- <command> [options]

  up      start the stack, deploy the service and return
          [--config FILE] [--port N] [--state DIR] [--runtime process|docker] [--endpoint SERVICE=URL]...
  status  show how to reach it
          [--json] [--state DIR]
  down    end what up has started
          [--state DIR]

  DIR is .holdfast in the current folder unless given.`;

const DEFAULT_STATE = '.holdfast';
const state = { type: 'string', default: DEFAULT_STATE } as const;

async function run(command: string | undefined, args: string[]): Promise<void> {
  switch (command) {
    case 'up':
      await up(args);
      break;
    case 'status':
      await status(args);
      break;
    case 'down':
      await down(args);
      break;
    default:
      throw new HoldfastError(
        'InvalidInput',
        `${command === undefined ? 'no command' : `unknown command "${command}"`}\n\n${USAGE}`,
      );
  }
}

async function up(args: string[]): Promise<void> {
  const { values } = parse(args, {
    config: { type: 'string' },
    port: { type: 'string' },
    state,
    runtime: { type: 'string', default: 'process' },
    endpoint: { type: 'string', multiple: true, default: [] },
  });
  const info = await startStack({
    directory: values.state,
    signal: catchInterruption(),
    runtime: parseRuntime(values.runtime),
    endpointOverrides: Object.fromEntries(values.endpoint.map(parseEndpoint)),
    say: (line) => {
      console.error(line);
    },
    ...(values.config === undefined ? {} : { configFile: values.config }),
    ...(values.port === undefined ? {} : { port: parsePort(values.port) }),
  });
  print(info);
}

async function status(args: string[]): Promise<void> {
  const { values } = parse(args, { state, json: { type: 'boolean', default: false } });
  const info = await describeStack(values.state);
  if (values.json) console.log(JSON.stringify(info, null, 2));
  else print(info);
}

async function down(args: string[]): Promise<void> {
  const { values } = parse(args, { state });
  const ended = await stopStack(values.state);
  console.error(ended ? `the stack in ${values.state} has ended` : `there is no stack in ${values.state}`);
}

function parse<const Options extends NonNullable<Parameters<typeof parseArgs>[0]>['options']>(
  args: string[],
  options: Options,
): ReturnType<typeof parseArgs<{ args: string[]; options: Options; strict: true; allowPositionals: false }>> {
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false });
  } catch (cause) {
    throw new HoldfastError('InvalidInput', `${cause instanceof Error ? cause.message : String(cause)}\n\n${USAGE}`, {
      cause,
    });
  }
}

function parseRuntime(text: string): 'process' | 'docker' {
  if (text === 'process' || text === 'docker') return text;
  throw new HoldfastError('InvalidInput', `--runtime "${text}" is unknown: use process or docker`);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new HoldfastError('InvalidInput', `--port "${text}" is not a port: use a number from 1 to 65535`);
}

function parseEndpoint(text: string): [string, string] {
  const separator = text.indexOf('=');
  if (separator > 0) return [text.slice(0, separator), text.slice(separator + 1)];
  throw new HoldfastError('InvalidInput', `--endpoint "${text}" is not SERVICE=URL, such as s3=http://127.0.0.1:9000`);
}

function print(info: StackInfo): void {
  const rows = [
    ['endpoint', info.endpoint],
    ['region', info.region],
    ['credentials', `${info.accessKeyId} / ${info.secretAccessKey}`],
    ['backup machine', info.stateMachines.backup],
    ['restore machine', info.stateMachines.restore],
    ['restore test', info.stateMachines.restoreTest],
    ['bucket', info.bucket],
    ['table', info.table],
    ['mailbox', info.mailbox],
  ];
  for (const [name = '', value = ''] of rows) console.log(`${name.padEnd(16)}${value}`);
}

const [command, ...rest] = process.argv.slice(2);
try {
  await run(command, rest);
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error;
  console.error(`holdfast: ${error.message}`);
  process.exitCode = error.exitCode;
}
