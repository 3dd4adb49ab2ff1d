// A client that reads nothing until the server's kernel takes no more, and then all of it.

import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './driver.mjs';
import { isStalled } from './sockets.mjs';

const MESSAGES = 128;
const MESSAGE_SIZE = 1 << 16;
const TURNS_MAX = 100;

export async function slowReader(WebSocket, server) {
  const connection = await Connection.open(WebSocket, `${server}/echo`);
  const message = (index) => Uint32Array.from({ length: MESSAGE_SIZE / 4 }, () => index);
  for (let index = 0; index < MESSAGES; index++) connection.send(message(index));
  // Nothing is read while this blocks; in between some runtimes need a turn to send what they have taken.
  for (let turn = 0; !isStalled(server); turn++) {
    if (turn === TURNS_MAX) throw new Error('everything came back, although nothing was read');
    await sleep(0);
  }
  for (let index = 0; index < MESSAGES; index++) {
    await connection.expect(message(index), `message ${index}`);
  }
  await connection.close();
}
