// The pages at `/` and `/try`, in Chromium: `node page.mjs BINARY check NAME...` starts the server BINARY and makes these checks.
// It leaves screenshots in `screenshots/` beside itself.

import assert from 'node:assert/strict';
import { find } from './chromium.mjs';
import * as chat from './page_chat.mjs';
import * as chatLooks from './page_chat_looks.mjs';
import * as chatOffline from './page_chat_offline.mjs';
import * as chatToken from './page_chat_token.mjs';
import * as echo from './page_echo.mjs';
import * as looks from './page_looks.mjs';
import * as offline from './page_offline.mjs';
import { People } from './page_people.mjs';
import * as topics from './page_topics.mjs';
import { report } from './report.mjs';
import { Server } from './server.mjs';

const [binary, command, ...names] = process.argv.slice(2);
assert.equal(command, 'check');
const here = new URL('.', import.meta.url).pathname;
const server = new Server(binary, `${here}page.ports`);
await server.start();
const browser = await find();

const parts = [chat, chatLooks, chatOffline, chatToken, topics, echo, looks, offline];
const checks = Object.assign({}, ...parts.map((part) => part.checks));
// One that is written and never made would pass.
assert.deepEqual(Object.keys(checks).filter((name) => !names.includes(name)), [], 'checks that were not asked for');
for (const name of names) await report(name, () => make(name));
// With it ends the server.
process.exit(0);

/** Makes a check with tabs that are closed after it, in which nothing may go wrong that it does not expect. */
async function make(name) {
  if (!Object.hasOwn(checks, name)) throw new Error('this program does not know the check');
  const people = new People(browser, server, `${here}screenshots/`);
  try {
    await checks[name](people);
    people.expectNoFaults();
  } finally {
    await people.leave();
  }
}
