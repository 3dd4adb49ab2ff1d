// The chat of a server that wants a token.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';

const SECRET = 'a secret of a check, which is no secret';
const CONFIGURATION = `
[[auth.key]]
algorithm = "HS256"
secret = "${SECRET}"
[[namespace]]
pattern = "chat:*"
presence = true
join_leave = true
history_size = 100
`;

export const checks = {
  'chat: a server that wants a token gets one, and its refusals are shown': async (people) => {
    const file = `${people.screenshots}token.toml`;
    writeFileSync(file, CONFIGURATION);
    const server = people.server.another(['--config', file]);
    await server.start();
    const ana = await people.visit(`${server.url}#vault`, 'Ana');
    const field = ana.page.getByLabel('Token');
    const show = async (token) => {
      await field.fill(token);
      await field.press('Enter');
    };
    await field.waitFor();
    await ana.page.screenshot({ path: `${people.screenshots}chat-token.png` });
    await ana.page.getByText('Not connected: expected a token', { exact: false }).waitFor();
    await show('nonsense');
    await ana.page.getByText(/Not connected: .*a JWT that is signed/).waitFor();
    await show(token(-60));
    await ana.page.getByText(/Not connected: .*expired/).waitFor();
    await show('');
    await ana.page.getByText('Not connected: expected a token', { exact: false }).waitFor();

    await show(token(3600));
    await ana.expectConnected();
    await field.waitFor({ state: 'hidden' });
    await ana.call('Ana');
    await ana.tell('let in');
    await ana.page.reload();
    await ana.expectConnected();
    const kept = await ana.page.evaluate(() => [localStorage.length, document.cookie, JSON.parse(sessionStorage.sockeye).token]);
    assert.deepEqual(kept.slice(0, 2), [0, ''], 'it is nowhere but in this tab');
    assert.equal(kept[2].split('.').length, 3);
    const ben = await people.visit(`${server.url}#vault`, 'Ben');
    await ben.page.getByLabel('Token').waitFor();

    // Clocks may differ by a few seconds: this one is good for two more.
    await ben.page.getByLabel('Token').fill(token(-3));
    await ben.page.getByLabel('Token').press('Enter');
    await ben.expectConnected();
    await ben.page.getByText(/Not connected: .*expired/).waitFor();
    await ben.page.getByLabel('Token').fill(token(3600));
    await ben.page.getByLabel('Token').press('Enter');
    await ben.expectConnected();
    await ben.call('Ben');
    await ben.tell('let in again');
    await ana.expectMessage('sent', 'Ben', 'let in again');
    await server.end('SIGKILL');
    rmSync(file);
    people.expect(/WebSocket/);
  },

  'chat: who may only listen is asked for a token on speaking': async (people) => {
    const file = `${people.screenshots}listening.toml`;
    writeFileSync(file, LISTENING);
    const server = people.server.another(['--config', file]);
    await server.start();
    const eva = await people.visit(`${server.url}#stage`, 'Eva');
    await eva.expectConnected();
    await eva.call('Eva');
    const field = eva.page.getByLabel('Token');
    await field.waitFor({ state: 'hidden' });
    await eva.say('may I?');
    await eva.page.getByRole('button', { name: /Not sent: the permission to publish is missing/ }).waitFor();
    await eva.page.screenshot({ path: `${people.screenshots}chat-listening.png` });
    await field.fill(token(3600));
    await field.press('Enter');
    await field.waitFor({ state: 'hidden' });
    await eva.expectConnected();
    await eva.tell('I may');
    const ben = await people.visit(`${server.url}#stage`, 'Ben');
    await ben.page.getByText('I may', { exact: true }).waitFor();
    await server.end('SIGKILL');
    rmSync(file);
    people.expect(/WebSocket/);
  },
};

const LISTENING = `${CONFIGURATION}
subscribe = "everybody"
history_access = "everybody"
presence_access = "everybody"
[auth]
anonymous = true
`;

/** A token that ends in so many seconds. */
function token(seconds) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    sub: 'somebody',
    exp: Math.floor(Date.now() / 1000) + seconds,
    channels: [{ pattern: 'chat:*', allow: ['subscribe', 'publish', 'presence', 'history'] }],
  };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
}
