// The checks that every WebSocket with the API of browsers can make.

import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection, expectSame } from './driver.mjs';

const MEBIBYTE = 1 << 20;
const MESSAGE_MAX = 16 * MEBIBYTE;
const RESETS = 10;
const COMPRESSED_MESSAGES = 100;

export const TEXT = 'a é ✓ 🐟 \u0000 end';

/** The checks, made with this WebSocket class. */
export function checks(WebSocket) {
  const open = (server, protocols) => Connection.open(WebSocket, `${server}/echo`, protocols);

  async function echo(server, data) {
    const connection = await open(server);
    connection.send(data);
    await connection.expect(data);
    await connection.close();
  }

  async function close(server, code, reason) {
    const connection = await open(server);
    await connection.close(code, reason);
    expectSame((await connection.closed).wasClean, true, 'a clean end');
  }

  async function subprotocol(server) {
    const chosen = await open(server, ['sockeye.test', 'other']);
    expectSame(chosen.socket.protocol, 'sockeye.test', 'subprotocol');
    await chosen.close();
    const none = await open(server);
    expectSame(none.socket.protocol, '', 'subprotocol');
    await none.close();
  }

  async function closeWithoutCode(server) {
    const connection = await open(server);
    connection.socket.close();
    await connection.expectClosed(1005);
    expectSame((await connection.closed).wasClean, true, 'a clean end');
  }

  async function burst(server) {
    const connection = await open(server);
    const message = (index) => (index % 2 === 0 ? `message ${index}` : Uint32Array.of(index));
    for (let index = 0; index < 1000; index++) connection.send(message(index));
    for (let index = 0; index < 1000; index++) {
      await connection.expect(message(index), `message ${index}`);
    }
    await connection.close();
  }

  async function tooBig(server) {
    const connection = await open(server);
    connection.send(new Uint8Array(MESSAGE_MAX + 1));
    await connection.expectClosed(1009);
  }

  async function hundred(server) {
    const connections = await Promise.all(Array.from({ length: 100 }, () => open(server)));
    connections.forEach((connection, index) => connection.send(`connection ${index}`));
    await Promise.all(connections.map((connection, index) => connection.expect(`connection ${index}`)));
    await Promise.all(connections.map((connection) => connection.close()));
  }

  /** Of a server that agrees to it. */
  async function compression(server) {
    const connection = await open(server);
    const { extensions } = connection.socket;
    // Deno and Bun have it and do not tell.
    if (extensions || !(globalThis.Deno || globalThis.Bun)) {
      expectSame(extensions.startsWith('permessage-deflate'), true, `permessage-deflate in ${JSON.stringify(extensions)}`);
    }
    for (let index = 0; index < COMPRESSED_MESSAGES; index++) {
      const line = JSON.stringify({ index, name: 'ein Name: ✓', price: index * 1.25 });
      connection.send(line.repeat(1 + (index % 30)));
    }
    for (let index = 0; index < COMPRESSED_MESSAGES; index++) {
      const line = JSON.stringify({ index, name: 'ein Name: ✓', price: index * 1.25 });
      await connection.expect(line.repeat(1 + (index % 30)), `message ${index}`);
    }
    const large = Uint8Array.from({ length: MEBIBYTE }, (_, index) => (index * index) >> 8);
    connection.send(large);
    await connection.expect(large);
    await connection.close();
  }

  return {
    compression,
    text: (server) => echo(server, TEXT),
    'empty text': (server) => echo(server, ''),
    binary: (server) => echo(server, Uint8Array.from({ length: 256 }, (_, index) => index)),
    'empty binary': (server) => echo(server, new Uint8Array(0)),
    '1 MiB text': (server) => echo(server, '✓'.repeat((MEBIBYTE - 1) / 3) + 'a'),
    '1 MiB binary': (server) => echo(server, Uint8Array.from({ length: MEBIBYTE }, (_, index) => (index * 31) >> 3)),
    burst,
    subprotocol,
    'close 1000': (server) => close(server, 1000, ''),
    'close 3000': (server) => close(server, 3000, 'the reason'),
    'close 4999': (server) => close(server, 4999, 'ein Grund: ✓'),
    'close without a code': closeWithoutCode,
    'message too big': tooBig,
    '100 connections': hundred,
  };
}

/** Resets connections one after another by `reset`, and sees whether the server goes on serving. */
export async function abruptReset(WebSocket, server, reset) {
  const bystander = await Connection.open(WebSocket, `${server}/echo`);
  for (let index = 0; index < RESETS; index++) {
    await reset();
    bystander.send(`after reset ${index}`);
    await bystander.expect(`after reset ${index}`, 'the echo on the open connection');
  }
  await bystander.close();
  const fresh = await Connection.open(WebSocket, `${server}/echo`);
  fresh.send(TEXT);
  await fresh.expect(TEXT, 'the echo on a new connection');
  await fresh.close();
}

/** Meets `peer` in `topic`: README.md tells how. */
export async function meet(WebSocket, server, topic, self, peer) {
  const connection = await Connection.open(WebSocket, `${server}/topic/${topic}`);
  let heard = 'alone';
  const speaking = (async () => {
    while (heard !== 'leaving') {
      connection.send(`${self} ${heard}`);
      await sleep(50);
    }
  })();
  try {
    for (;;) {
      const message = await connection.next(`${peer} in the topic`);
      if (typeof message !== 'string') {
        expectSame(message, Buffer.from(`${peer} leaves`), 'binary message');
        break;
      }
      if (message === `${peer} heard` && heard !== 'leaving') {
        heard = 'leaving';
        connection.send(`${self} heard`);
        connection.send(Buffer.from(`${self} leaves`));
      } else if (message === `${peer} alone` && heard === 'alone') {
        heard = 'heard';
      } else if (!message.startsWith(`${peer} `)) {
        throw new Error(`heard ${JSON.stringify(message)}, which ${peer} did not say`);
      }
    }
  } finally {
    heard = 'leaving';
    await speaking;
  }
  await connection.close();
}
