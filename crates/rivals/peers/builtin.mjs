// The WebSocket that a runtime has built in: that of Node.js, Deno or Bun, whichever runs this. They have the API of
// browsers, and only Bun's has more.

import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process, { argv, execPath, kill, pid } from 'node:process';
import { abruptReset, checks } from './common.mjs';
import { block, Connection, expectSame, main, within } from './driver.mjs';
import { slowReader } from './slow_reader.mjs';

const DIE = 'die';
const execArgv = globalThis.Deno ? ['run', '--allow-all', '--no-lock'] : process.execArgv;

/** Its socket is out of reach. That of a process is not: a killed one's unread data make the kernel send a reset. */
async function reset(server) {
  const child = spawn(execPath, [...execArgv, argv[1], server, DIE], { stdio: 'ignore' });
  const [, signal] = await within(once(child, 'exit'), 'the process to die').finally(() => child.kill('SIGKILL'));
  expectSame(signal, 'SIGKILL', 'end of the process');
}

async function die(server) {
  const connection = await Connection.open(WebSocket, `${server}/echo`);
  // The first comes back and lies unread while nothing runs here; the second is never sent to its end.
  connection.send(new Uint8Array(1 << 16));
  connection.send(new Uint8Array(6 << 20));
  block(100);
  kill(pid, 'SIGKILL');
}

/** Of Bun alone. */
async function ping(server) {
  const connection = await Connection.open(WebSocket, `${server}/echo`);
  for (const size of [0, 4, 125]) {
    const pong = once(connection.socket, 'pong');
    connection.socket.ping(Buffer.alloc(size, 'p'));
    const [event] = await within(pong, 'a pong');
    expectSame(event.data ?? event, Buffer.alloc(size, 'p'), 'pong');
  }
  await connection.close();
}

if (argv[3] === DIE) {
  await die(argv[2]);
} else {
  await main(
    {
      ...checks(WebSocket),
      ping,
      'slow reader': (server) => slowReader(WebSocket, server),
    'abrupt reset': (server) => abruptReset(WebSocket, server, () => reset(server)),
    },
    WebSocket,
  );
}
