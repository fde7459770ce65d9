/**
 * Runs a TypeScript program of this checkout on a machine where nothing is installed yet:
 *
 *     node local/bootstrap.mjs <script.ts> [arguments]
 *
 * Checks what must be there beforehand, installs node_modules where they are missing or not those of
 * package-lock.json, then runs the script under the Node that npm installed. Uses nothing but Node 20 itself.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const CHECKOUT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = 20;
const OLDEST_PYTHON = [3, 10];
const OLDEST_GLIBC = [2, 34];

function fail(message) {
  console.error(`holdfast: ${message}`);
  process.exit(2);
}

function atLeast(version, oldest) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
}

function checkPrerequisites() {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    fail(
      `node ${process.versions.node} is too old: install Node ${OLDEST_NODE} or newer (the build brings its own Node 24)`,
    );
  }
  if (process.platform === 'linux') checkGlibc();
  else if (process.platform !== 'darwin') fail(`${process.platform} is not supported: use Linux with glibc, or macOS`);
  checkPython();
}

function checkGlibc() {
  const version = process.report.getReport().header.glibcVersionRuntime;
  if (version === undefined) fail('this Linux has no glibc (musl?): the PostgreSQL packages need glibc 2.34 or newer');
  if (!atLeast(version, OLDEST_GLIBC))
    fail(`glibc ${version} is too old: the PostgreSQL packages need ${OLDEST_GLIBC.join('.')} or newer`);
}

function checkPython() {
  const wanted = `install Python ${OLDEST_PYTHON.join('.')} or newer with pip (Debian and Ubuntu: apt install python3 python3-pip)`;
  const { stdout, error } = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  if (error) fail(`python3 was not found: ${wanted}`);
  const version = stdout.trim().replace('Python ', '');
  if (!atLeast(version, OLDEST_PYTHON)) fail(`python3 is ${version || 'unusable'}: ${wanted}`);
}

/** Why `npm ci` must run, or undefined. npm records in the hidden lock file what it really installed. */
function reasonToInstall() {
  const installedFile = path.join(CHECKOUT, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return 'node_modules is missing';
  const installed = readLock(installedFile);
  const wanted = readLock(path.join(CHECKOUT, 'package-lock.json'));
  const differs = Object.entries(wanted).find(([name, entry]) => {
    const there = installed[name];
    if (!there) return !entry.optional && !entry.devOptional && !entry.peer;
    return there.version !== entry.version || there.integrity !== entry.integrity;
  });
  return differs && `node_modules is not what package-lock.json says (${differs[0].replace(/^.*node_modules\//, '')})`;
}

/** Packages of a lock file by their folder, without the project itself. */
function readLock(file) {
  const { packages } = JSON.parse(readFileSync(file, 'utf8'));
  return Object.fromEntries(Object.entries(packages).filter(([folder]) => folder !== ''));
}

function installNodeModules(reason) {
  console.error(`holdfast: ${reason}: running npm ci --ignore-scripts`);
  // Under `npm run`, the npm that runs us is the one to use; its path is given.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm'];
  const [command, ...prefix] = npm;
  const { status, error } = spawnSync(
    command,
    [...prefix, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: CHECKOUT,
      // Progress belongs to stderr: stdout is the script's, which may print JSON.
      stdio: ['ignore', 2, 2],
    },
  );
  if (error) fail(`npm could not be run: ${error.message}`);
  if (status !== 0) fail(`npm ci ended with exit code ${status}: see its messages above`);
}

/** Runs the script to its end as if it were this process: its exit code and signals are ours. */
function runScript(script, args) {
  const bin = path.join(CHECKOUT, 'node_modules', '.bin');
  const packaged = path.join(bin, 'node');
  const node = existsSync(packaged) ? packaged : process.execPath;
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` };
  const child = spawn(node, [script, ...args], { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${node} could not be run: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

const [script, ...args] = process.argv.slice(2);
if (!script) fail('usage: node local/bootstrap.mjs <script.ts> [arguments]');
checkPrerequisites();
const reason = reasonToInstall();
if (reason) installNodeModules(reason);
runScript(script, args);
