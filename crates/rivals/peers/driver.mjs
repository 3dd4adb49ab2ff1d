// The command line of the JavaScript clients (see src/driver.rs), and a connection that turns events into waits.
//
// The connection uses only the API of browsers, which npm `ws` has as well. What goes beyond is in ws.mjs.

import { Buffer } from 'node:buffer';
import process from 'node:process';
import { meet } from './common.mjs';

const DEADLINE_MILLISECONDS = 30_000;

/** Runs what the command line asks for. A check is a function of the server's URL that throws what it saw instead. */
export async function main(checks, WebSocket) {
  const [server, command, ...rest] = process.argv.slice(2);
  if (command === 'meet') {
    await report('meet', () => meet(WebSocket, server, ...rest));
  } else if (command === 'stall') {
    await report('stall', () => Connection.open(WebSocket, `${server}/topic/${rest[0]}`));
    block();
  } else {
    for (const name of rest) {
      await report(name, () => {
        if (!Object.hasOwn(checks, name)) throw new Error('this driver does not know the check');
        return checks[name](server);
      });
    }
  }
  // Sockets that a failed check left open would keep the process.
  process.exit(0);
}

async function report(check, run) {
  let ok = true;
  let detail = '';
  try {
    await run();
  } catch (error) {
    ok = false;
    detail = String(error?.message ?? error);
  }
  console.log(JSON.stringify({ check, ok, detail }));
}

/** Lets nothing happen here, for so long or forever. */
export function block(milliseconds) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

/** Waits for a promise, but not forever. */
export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), DEADLINE_MILLISECONDS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Throws unless both are the same text, the same bytes or the same number. */
export function expectSame(seen, expected, what) {
  const same =
    typeof expected === 'object'
      ? typeof seen === 'object' && Buffer.compare(bytes(seen), bytes(expected)) === 0
      : seen === expected;
  if (!same) throw new Error(`${what}: ${describe(seen)} instead of ${describe(expected)}`);
}

function bytes(data) {
  return data instanceof ArrayBuffer ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function describe(value) {
  if (typeof value === 'string') {
    return `text of ${value.length} characters, ${JSON.stringify(value.slice(0, 40))}`;
  }
  if (typeof value === 'object' && value !== null) {
    return `${value.byteLength} bytes, ${bytes(value).subarray(0, 20).toString('hex')}`;
  }
  return String(value);
}

/** A connection whose messages are taken in order, and whose end is a promise. */
export class Connection {
  #messages = [];
  #takers = [];

  constructor(socket) {
    this.socket = socket;
    socket.binaryType = 'arraybuffer';
    this.opened = new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      // The message of an error event says little in browsers; that of `ws` tells the cause.
      socket.addEventListener('error', (event) => reject(new Error(`error event: ${event.message ?? ''}`)));
      socket.addEventListener('close', (event) => reject(new Error(`closed with ${event.code}`)));
    });
    this.opened.catch(() => {});
    this.closed = new Promise((resolve) => socket.addEventListener('close', resolve));
    this.closed.then((event) => this.#settle({ end: `closed with ${event.code} ${event.reason}` }));
    socket.addEventListener('message', (event) => this.#settle({ data: event.data }));
  }

  static async open(WebSocket, url, protocols = []) {
    const connection = new Connection(new WebSocket(url, protocols));
    await within(connection.opened, 'the connection to open');
    return connection;
  }

  send(data) {
    this.socket.send(data);
  }

  /** The next message: a string or an ArrayBuffer. */
  async next(what = 'a message') {
    if (this.#messages.length === 0) {
      await within(new Promise((resolve) => this.#takers.push(resolve)), what);
    }
    const { data, end } = this.#messages.shift();
    if (end !== undefined) throw new Error(`${end}, before ${what}`);
    return data;
  }

  /** Expects the next message to be this one. */
  async expect(data, what = 'the message') {
    expectSame(await this.next(what), data, what);
  }

  /** Waits for the end, and expects it to have this code. */
  async expectClosed(code) {
    const event = await within(this.closed, 'the connection to end');
    expectSame(event.code, code, 'close code');
  }

  async close(code = 1000, reason = '') {
    this.socket.close(code, reason);
    await this.expectClosed(code);
  }

  #settle(message) {
    this.#messages.push(message);
    this.#takers.shift()?.();
  }
}
