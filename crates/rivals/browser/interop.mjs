// Chromium as a client of the matrix (src/driver.rs). The checks are those of all WebSockets with the API of browsers,
// common.mjs, and run in a page here. What a page cannot do for itself, this program does for it.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { find, launch, newTab } from './chromium.mjs';
import { report } from './report.mjs';
import { isStalled } from './sockets.mjs';

/** A request that nobody answers. */
const NEVER = 'http://never.invalid/';
const SLOW_MESSAGES = 128;
const SLOW_MESSAGE_SIZE = 1 << 16;
/** More than a moment's worth. */
const UNREAD_BYTES_MIN = 256 * 1024;
/** For what Chromium does by itself, and does in a moment unless the machine is busy. */
const WAIT_MILLISECONDS = 15_000;
/** Ten resets wait twice each, and src/driver.rs for longer than this. */
const RESETS_MILLISECONDS = 200_000;

const [server, command, ...rest] = process.argv.slice(2);
const browser = await find();

/** A tab in which the checks are loaded, and that has no connections but theirs. */
async function openTab() {
  const { page } = await newTab(browser);
  await page.route(NEVER, () => {});
  await page.goto(new URL('interop.html', import.meta.url).href);
  await page.waitForFunction(() => globalThis.Connection);
  return page;
}

/** A client that never comes to read, because a request which nobody answers blocks its tab. */
async function stall(topic) {
  const page = await openTab();
  await report('stall', () =>
    page.evaluate(
      ([server, topic, never]) =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(`${server}/topic/${topic}`);
          socket.onerror = () => reject(new Error('error event'));
          socket.onopen = () => {
            resolve();
            setTimeout(() => {
              const request = new XMLHttpRequest();
              request.open('GET', never, false);
              request.send();
            });
          };
        }),
      [server, topic, NEVER],
    ),
  );
  await new Promise(() => {});
}

/** Resets connections of a browser of its own: when the process that holds one is killed, unread data make it a reset. */
class Resetting {
  async start() {
    this.browser = await launch();
    this.session = await this.browser.newBrowserCDPSession();
    return this;
  }

  async reset() {
    // A new one each time, because a tab does not always survive that process.
    const { page } = await newTab(this.browser);
    await page.goto(new URL('blank.html', import.meta.url).href);
    await page.evaluate(async (server) => {
      const { readable, writable } = await new WebSocketStream(`${server}/echo`).opened;
      globalThis.unread = readable;
      // The first comes back and lies unread, while the second is on its way.
      const writer = writable.getWriter();
      for (const size of [4 << 20, 15 << 20]) writer.write(new Uint8Array(size)).catch(() => {});
    }, server);
    if (!(await until(hasUnread))) throw new Error('nothing came back to lie unread');

    const holder = await this.#networkProcess();
    process.kill(holder, 'SIGKILL');
    // Nothing can be opened before there is a new one. Where none comes, the next reset has another Chromium.
    if (await until(async () => ![undefined, holder].includes(await this.#networkProcess()))) {
      await page.context().close();
    } else {
      await this.start();
    }
  }

  async #networkProcess() {
    const { processInfo } = await this.session.send('SystemInfo.getProcessInfo');
    return processInfo.find(({ type }) => type === 'network.mojom.NetworkService')?.id;
  }
}

/** Looks again and again; `false` if it has not come true in time. */
async function until(isTrue) {
  for (const end = Date.now() + WAIT_MILLISECONDS; Date.now() < end; await sleep(1)) {
    if (await isTrue()) return true;
  }
  return false;
}

/** Whether bytes from the server lie in the kernel, which nobody has read. */
function hasUnread() {
  const port = Number(new URL(server).port);
  const lines = readFileSync('/proc/net/tcp', 'latin1').trim().split('\n').slice(1);
  return lines.some((line) => {
    const [, , remote, , queues] = line.trim().split(/\s+/);
    return parseInt(remote.split(':')[1], 16) === port && parseInt(queues.split(':')[1], 16) >= UNREAD_BYTES_MIN;
  });
}

/** The checks that need more than common.mjs has. */
const OWN = {
  'abrupt reset': async (page) => {
    const resetting = await new Resetting().start();
    await page.exposeFunction('resetOne', () => resetting.reset());
    await page.evaluate((server) => common.abruptReset(WebSocket, server, resetOne), server);
  },

  // Of a stream, because the events of a WebSocket cannot be held back. Its page is free meanwhile.
  'slow reader': async (page) => {
    await page.evaluate(
      async ([server, count, size]) => {
        const { readable, writable } = await new WebSocketStream(`${server}/echo`).opened;
        const writer = writable.getWriter();
        const message = (index) => new Uint32Array(size / 4).fill(index);
        globalThis.sent = Promise.all(Array.from({ length: count }, (_, index) => writer.write(message(index))));
        globalThis.readAll = async () => {
          const reader = readable.getReader();
          for (let index = 0; index < count; index++) {
            const { value } = await reader.read();
            const words = new Uint32Array(value);
            const isSame = words.length === size / 4 && words.every((word) => word === index);
            if (!isSame) throw new Error(`message ${index}: ${words.length} words, the first ${words[0]}`);
          }
          await globalThis.sent;
          await writer.close();
        };
      },
      [server, SLOW_MESSAGES, SLOW_MESSAGE_SIZE],
    );
    if (!(await until(() => isStalled(server)))) throw new Error('everything came back, although nothing was read');
    await page.evaluate(() => readAll());
  },

  /** Of the server in tests/pings.rs, which says so when it has had enough pongs. */
  'answers pings': (page) =>
    page.evaluate(async (server) => {
      const connection = await Connection.open(WebSocket, `${server}/`);
      await connection.expect('enough pongs');
      await connection.close();
    }, server),
};

async function check(names) {
  const page = await openTab();
  const inPage = (name) => (page) =>
    page.evaluate(
      ([name, server]) => {
        const checks = common.checks(WebSocket);
        if (!Object.hasOwn(checks, name)) throw new Error('this driver does not know the check');
        return checks[name](server);
      },
      [name, server],
    );
  for (const name of names) {
    const run = OWN[name] ?? inPage(name);
    await report(name, () => run(page), name === 'abrupt reset' ? RESETS_MILLISECONDS : undefined);
  }
}

if (command === 'stall') {
  await stall(rest[0]);
} else if (command === 'meet') {
  const page = await openTab();
  await report('meet', () =>
    page.evaluate((meeting) => common.meet(WebSocket, ...meeting), [server, ...rest]),
  );
} else {
  await check(rest);
}
// A browser of its own ends with it.
process.exit(0);
