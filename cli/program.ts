/** The command line of `holdfast`: what may be typed, and what is called for it. */
import { Command, CommanderError } from 'commander';
import { findDeployment } from '../aws/deployment.ts';
import { backup, checkBackup, type BackupOptions } from './commands/backup.ts';
import { limitOf, list } from './commands/list.ts';
import { prune } from './commands/prune.ts';
import { accept, hold, reasonOf, release } from './commands/remarks.ts';
import { restore, restoreTest } from './commands/restore.ts';
import { restoreLocally } from './commands/restore-locally.ts';
import { show } from './commands/show.ts';
import { checkVerify, verify, type VerifyArguments } from './commands/verify.ts';
import type { Context } from './context.ts';
import { displayOn } from './live-display.ts';
import { problemOf, type Problem } from './problem.ts';
import { restoreInput, restoreTestInput, type RestoreArguments, type RestoreTestArguments } from './restore-input.ts';
import { printProblem, printResult, type Result } from './result.ts';

export interface Terminal {
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
  /** From now on Ctrl-C aborts the signal, where it would have ended the process. */
  readonly catchInterrupt: () => AbortSignal;
}

const NO_COMMAND = 'no command was given';

type Work = (context: Context) => Promise<Result>;

/**
 * Runs one command line.
 * @param args without the program's name
 * @returns the exit code
 */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  let work: Work | undefined;
  const program = describeProgram((chosen) => (work = chosen));
  try {
    program.parse(args, { from: 'user' });
    const { json, stage } = program.opts<GlobalOptions>();
    if (!work) throw new CommanderError(2, 'holdfast.noCommand', NO_COMMAND);
    return printResult(await work(await makeContext(stage, json, terminal)), json, terminal);
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    // The command line may be unreadable: then what was typed is looked at, so that a program still gets its JSON.
    return printProblem(
      error instanceof CommanderError ? usageProblem(error) : problemOf(error),
      args.includes('--json'),
      terminal,
    );
  }
}

interface GlobalOptions {
  readonly stage?: string;
  readonly json: boolean;
}

async function makeContext(stageOption: string | undefined, json: boolean, terminal: Terminal): Promise<Context> {
  const stage = stageOption ?? process.env['HOLDFAST_STAGE'];
  return {
    deployment: await findDeployment(stage === '' ? undefined : stage),
    // stdout belongs to the document.
    display: displayOn(json ? terminal.err : terminal.out),
    commandLine: (command) => `holdfast ${command}${stageOption === undefined ? '' : ` --stage ${stageOption}`}`,
    catchInterrupt: terminal.catchInterrupt,
  };
}

/** @param choose is given the command's work; its arguments have been checked by then */
function describeProgram(choose: (work: Work) => void): Command {
  const program = new Command('holdfast')
    .description('Backups of PostgreSQL on AWS that prove they can be restored')
    .option('--stage <name>', 'the deployment to talk to (default: HOLDFAST_STAGE, or the only one there is)')
    .option('--json', 'print one JSON document on stdout; progress goes to stderr', false)
    .helpCommand(false)
    .showHelpAfterError(false)
    .exitOverride()
    // Errors are told in one way, whoever finds them.
    .configureOutput({ outputError: () => undefined })
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', '\nAWS is found as by any SDK: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, …');
  addBackup(program, choose);
  program
    .command('list')
    .description('the newest runs, good and bad')
    .argument('[source]', 'only of this source')
    .option('--limit <n>', 'how many', '20')
    .action((source: string | undefined, { limit: text }: { limit: string }) => {
      const limit = limitOf(text);
      choose((context) => list(source, limit, context));
    });
  program
    .command('show')
    .description('everything about one run: what it left, how it was verified, how to restore it')
    .argument('<run>', 'name of the run')
    .action((run: string) => {
      choose((context) => show(run, context));
    });
  addRestoring(program, choose);
  addKeeping(program, choose);
  return program;
}

const collect = (value: string, values: readonly string[]): readonly string[] => [...values, value];

function addRestoring(program: Command, choose: (work: Work) => void): void {
  program
    .command('restore')
    .description('restore a database, or some tables of it, and compare it with what was recorded')
    .argument('<source>', 'a source of holdfast.yml')
    .option(
      '--point <which>',
      'latest, the name of a run, or a time: the newest verified point of then or before',
      'latest',
    )
    .option('--database <name>', 'which database; needed where the point holds several')
    .option('--target <name>', 'restore to this entry of restoreTargets')
    .option('--secret <name>', 'restore to the server that this secret names')
    .option('--local', 'restore from this machine, to the server that PGHOST, PGUSER, … name', false)
    .option('--to-database <name>', 'its name on the target; it is made where it does not exist')
    .option('--table <schema.table>', 'only this table; may be given several times', collect, [])
    .option('--schema <name>', 'only this schema; may be given several times', collect, [])
    .option('--allow-not-empty', 'restore also into a database that holds something', false)
    .option('--roles <what>', 'create: make roles that are missing; skip: do not', 'create')
    .option(
      '--thaw-tier <tier>',
      'for archived objects: Standard, or Expedited, which is faster and dearer',
      'Standard',
    )
    .option('--dry-run', 'only say what would be done, how long a thaw takes and what it costs', false)
    .option('--wait', 'wait for its end; the exit code is that of its failure', false)
    .action((source: string, options: Omit<RestoreArguments, 'source'>) => {
      const input = restoreInput({ ...options, source }, process.env);
      choose((context) => (options.local ? restoreLocally(input, context) : restore(input, options.wait, context)));
    });
  program
    .command('restore-test')
    .description('prove a recovery point: restore it into a throwaway Postgres, compare, and measure the time')
    .argument('<source>', 'a source of holdfast.yml')
    .option('--point <which>', 'latest, the name of a run, or a time', 'latest')
    .option('--window <age>', 'instead: a random verified point that is at most so old, such as 30d')
    .option('--wait', 'wait for its end; the exit code is that of its failure', false)
    .action((source: string, options: Omit<RestoreTestArguments, 'source'>) => {
      const input = restoreTestInput({ ...options, source }, process.env);
      choose((context) => restoreTest(input, options.wait, context));
    });
  program
    .command('verify')
    .description('read every object of a recovery point again, and compare it with what was recorded')
    .argument('[run]', 'name of the run')
    .option('--source <name>', 'instead: the newest verified point of this source')
    .option('--latest', 'says so, where --source is given', false)
    .option('--database <name>', 'only this database')
    .action((run: string | undefined, options: VerifyArguments & { latest: boolean }) => {
      const wanted = checkVerify({ ...options, run });
      choose((context) => verify(wanted, context));
    });
}

function addKeeping(program: Command, choose: (work: Work) => void): void {
  program
    .command('prune')
    .description('remove what no rule of retention keeps, as the daily run does')
    .argument('[source]', 'only of this source')
    .option('--dry-run', 'remove nothing; show every point as a calendar, and why it stays or goes', false)
    .action((source: string | undefined, { dryRun }: { dryRun: boolean }) => {
      choose((context) => prune(source, dryRun, context));
    });
  program
    .command('hold')
    .description('keep a recovery point, whatever the rules say, until it is released')
    .argument('<run>', 'name of the run')
    .requiredOption('--why <reason>', 'for whoever looks at it later')
    .action((run: string, { why }: { why: string }) => {
      const reason = reasonOf(why);
      choose((context) => hold(run, reason, context));
    });
  program
    .command('release')
    .description('let the rules apply again to a point that was held')
    .argument('<run>', 'name of the run')
    .action((run: string) => {
      choose((context) => release(run, context));
    });
  program
    .command('accept')
    .description('let a suspect recovery point count as verified')
    .argument('<run>', 'name of the run')
    .requiredOption('--why <reason>', 'for whoever looks at it later')
    .action((run: string, { why }: { why: string }) => {
      const reason = reasonOf(why);
      choose((context) => accept(run, reason, context));
    });
}

function addBackup(program: Command, choose: (work: Work) => void): void {
  program
    .command('backup')
    .description('start a backup')
    .argument('[source]', 'a source of holdfast.yml; may be left out where there is one')
    .option('--label <text>', 'says what it is for, such as "before 4.2"')
    .option('--include <parts>', 'snapshot, dump, or both with a comma (default: what the source has)')
    .option('--trigger <who>', 'cli or ci (default: ci where the variable CI is set)')
    .option('--wait', 'wait for its end; the exit code is that of its failure', false)
    .action((source: string | undefined, options: Omit<BackupOptions, 'source'>) => {
      const input = checkBackup({ ...options, source });
      choose((context) => backup(input, options.wait, context));
    });
}

/** What was typed is no command line. */
function usageProblem({ code, message }: CommanderError): Problem {
  const text = code === 'commander.help' ? NO_COMMAND : message.replace(/^error: /, '').replace(/\n/g, ' ');
  return { code: 'InvalidInput', message: text, hint: 'see holdfast --help' };
}
