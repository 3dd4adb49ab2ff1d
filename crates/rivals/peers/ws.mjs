// npm `ws`: the checks of common.mjs, and those that only its own API allows.

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import WebSocket from 'ws';
import { abruptReset, checks, TEXT } from './common.mjs';
import { Connection, expectSame, main, within } from './driver.mjs';
import { slowReader } from './slow_reader.mjs';

const open = (server) => Connection.open(WebSocket, `${server}/echo`);

/** Sends the pieces as the fragments of one message. */
function sendFragments(socket, pieces, binary) {
  pieces.forEach((piece, index) => socket.send(piece, { binary, fin: index === pieces.length - 1 }));
}

async function fragments(server) {
  const connection = await open(server);
  const data = Buffer.from(TEXT);
  const cut = (...at) => [0, ...at].map((start, index) => data.subarray(start, at[index]));
  // The cuts at 3, 6 and 11 are inside of characters of 2, 3 and 4 bytes; doubled cuts give empty fragments.
  const pieces = cut(0, 3, 6, 6, 11, data.length);
  sendFragments(connection.socket, pieces, false);
  await connection.expect(TEXT);
  sendFragments(connection.socket, pieces, true);
  await connection.expect(data);
  await connection.close();
}

async function expectPong(socket, payload) {
  const pong = once(socket, 'pong');
  socket.ping(payload);
  const [seen] = await within(pong, 'a pong');
  expectSame(seen, payload, 'pong');
}

async function ping(server) {
  const connection = await open(server);
  for (const size of [0, 4, 125]) await expectPong(connection.socket, Buffer.alloc(size, 'p'));
  await connection.close();
}

async function pingBetweenFragments(server) {
  const connection = await open(server);
  connection.socket.send('first, ', { fin: false });
  await expectPong(connection.socket, Buffer.from('between'));
  connection.socket.send('second', { fin: true });
  await connection.expect('first, second');
  await connection.close();
}

async function close1001(server) {
  const connection = await open(server);
  await connection.close(1001, 'going away');
}

async function invalidUtf8(server) {
  const connection = await open(server);
  connection.socket.send(Buffer.from([0x61, 0xff, 0x62]), { binary: false });
  await connection.expectClosed(1007);
}

async function unmasked(server) {
  const connection = await open(server);
  connection.socket.send('bare', { mask: false });
  await connection.expectClosed(1002);
}

async function reset(server) {
  const connection = await open(server);
  connection.socket.send(Buffer.alloc(8 << 20), { fin: false });
  connection.socket._socket.resetAndDestroy();
  await connection.expectClosed(1006);
}

await main(
  {
    ...checks(WebSocket),
    fragments,
    ping,
    'ping between fragments': pingBetweenFragments,
    'close 1001': close1001,
    'invalid UTF-8': invalidUtf8,
    'unmasked frame': unmasked,
    'slow reader': (server) => slowReader(WebSocket, server),
    'abrupt reset': (server) => abruptReset(WebSocket, server, () => reset(server)),
  },
  WebSocket,
);
