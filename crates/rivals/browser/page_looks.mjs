// How the page at `/try` looks, on a phone and on a desk, by day and by night; and that everybody can use it.

import assert from 'node:assert/strict';
import { DESK, expectGoodLooks, expectNames, expectNoStrangeScript, expectOwnPolicy, expectReached, PHONE } from './page_inspection.mjs';

/** So that it fits into what TCP sends at once on a new connection. */
const PAGE_BYTES_MAX = 14_000;

export const checks = {
  'phone, light': (people) => looks(people, PHONE, 'phone', 'light'),
  'phone, dark': (people) => looks(people, PHONE, 'phone', 'dark'),
  'desk, light': (people) => looks(people, DESK, 'desk', 'light'),
  'desk, dark': (people) => looks(people, DESK, 'desk', 'dark'),

  'everything has a name, and the keyboard reaches it': async (people) => {
    const ana = await people.arrive('Ana');
    await expectNames(ana.page);
    assert.equal(await ana.page.locator('#chat [role=log]').count(), 1, 'lines are read out');
    assert.equal(await ana.page.locator('[role=status]').count(), 4, 'and so are states and hints');

    await ana.page.reload();
    await ana.expectConnected();
    await expectReached(ana.page);
  },

  'the page is small, and runs no other script than its own': async (people) => {
    people.expect(/Content Security Policy/);
    await expectOwnPolicy(`${people.server.url}try`, PAGE_BYTES_MAX);
    const ana = await people.arrive('Ana');
    await expectNoStrangeScript(ana.page);
  },
};

async function looks(people, device, deviceName, colorScheme) {
  const options = { ...device, colorScheme };
  const [ana, ben] = [await people.arrive('Ana', 'salmon%20run', options), await people.arrive('Ben', 'salmon%20run')];
  await talk(ana, ben);
  await ana.page.screenshot({ path: `${people.screenshots}${deviceName}-${colorScheme}.png`, fullPage: true });

  await expectGoodLooks(ana.page, colorScheme);
}

/** Something to look at: every kind of line and frame, and words that are too long. */
async function talk(ana, ben) {
  await ben.say('Is anybody swimming upstream today?');
  await ana.expectLine('got', 'Ben', 'Is anybody swimming upstream today?');
  await ana.say('Yes: the river is high, and the second ladder is open again. Come before noon.');
  await ben.say('averylongwordthatneverends'.repeat(8));
  await ana.expectLine('got', 'Ben', 'averylongwordthatneverends'.repeat(8));
  await ana.say('See you there!');
  await ana.press('Send many');
  await ana.expectFrames(200);
  await ana.press('Close');
  await ana.expectNote(ana.echo, /^closed with 1000/);
  await ana.press('Open');
  await ana.expectConnected();
  await ana.press('Send binary');
  await ana.expectFrames(202);
  await ana.press('Send 64 KiB');
  await ana.expectFrames(204);
}
