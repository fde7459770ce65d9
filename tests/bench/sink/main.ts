/**
 * The sink as a process of its own, so that its processor time is told apart. Prints its port, and ends with its stdin.
 * Argument: a folder to keep objects in; without it they are thrown away.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSink } from './server.ts';

const server = createSink(process.argv[2]);
server.listen(0, '127.0.0.1');
await once(server, 'listening');
console.log((server.address() as AddressInfo).port);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
