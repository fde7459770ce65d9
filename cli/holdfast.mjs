#!/usr/bin/env node
/**
 * Entry point of the `holdfast` command. Plain JavaScript, because the first Node on a machine may be too old to run
 * TypeScript: then the Node that npm installed with this checkout takes over.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
const NODE_MODULES = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'node_modules');

if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR) {
  // What was compiled once is kept: a command starts in half of the time.
  module.enableCompileCache(path.join(NODE_MODULES, '.cache', 'holdfast'));
  await import('./main.ts');
} else {
  const node = path.join(NODE_MODULES, '.bin', 'node');
  if (existsSync(node)) runUnder(node);
  else refuse(`node ${process.versions.node} is too old: install Node ${NODE_MAJOR}, or run npm ci, which brings it`);
}

/** Runs this command to its end under another Node, as if it were this process: its exit code and signals are ours. */
function runUnder(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => refuse(`${node} could not be run: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function refuse(message) {
  process.stderr.write(`holdfast: ${message}\n`);
  process.exitCode = 2;
}
