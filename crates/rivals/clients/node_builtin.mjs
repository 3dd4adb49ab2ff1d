// Node's built-in WebSocket, which has the API of browsers and no more.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { argv, execArgv, execPath, kill, pid } from 'node:process';
import { abruptReset, checks, meet } from './common.mjs';
import { Connection, expectSame, main, within } from './driver.mjs';

const DIE = 'die';

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
  connection.send(new Uint8Array(15 << 20));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  kill(pid, 'SIGKILL');
}

if (argv[3] === DIE) {
  await die(argv[2]);
} else {
  await main(
    {
      ...checks(WebSocket),
      'abrupt reset': (server) => abruptReset(WebSocket, server, () => reset(server)),
    },
    (...meeting) => meet(WebSocket, ...meeting),
  );
}
