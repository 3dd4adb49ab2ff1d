// How the chat looks, on a phone and on a desk, by day and by night; and that everybody can use it.

import assert from 'node:assert/strict';
import { DESK, expectGoodLooks, expectNames, expectNoStrangeScript, expectOwnPolicy, expectReached, PHONE } from './page_inspection.mjs';
import { Wire } from './wire.mjs';

const PAGE_BYTES_MAX = 36_000;
const TALK = [
  ['ben', 'Is anybody swimming upstream today?'],
  ['ana', 'Yes! The river is high, and the second ladder is open again.'],
  ['ana', 'Come before noon: it is quiet then.'],
  ['cleo', 'I saw about 400 at the weir this morning!'],
  ['cleo', 'Most of them rested in the pool under the bridge and then went on, one after the other.'],
  ['ben', 'Then I take the camera with me.'],
];

export const checks = {
  'chat: phone, light': (people) => looks(people, 'estuary', PHONE, 'phone', 'light'),
  'chat: phone, dark': (people) => looks(people, 'spring', PHONE, 'phone', 'dark'),
  'chat: desk, light': (people) => looks(people, 'upstream', DESK, 'desk', 'light'),
  'chat: desk, dark': (people) => looks(people, 'headwater', DESK, 'desk', 'dark'),

  'chat: everything has a name, and the keyboard reaches it': async (people) => {
    const ana = await people.enter('Ana', 'keys');
    await ana.enterRoom('locks');
    await ana.page.getByRole('button', { name: 'Leave locks' }).waitFor();
    await expectNames(ana.page);
    assert.equal(await ana.page.locator('[role=log]').count(), 1, 'messages are read out');
    assert.equal(await ana.page.locator('[role=status]').count(), 2, 'and so are the state and hints');
    await ana.page.reload();
    await ana.expectConnected();
    await ana.page.getByRole('button', { name: 'Leave locks' }).waitFor();
    await expectReached(ana.page);
  },

  'chat: the page is small, and runs no other script than its own': async (people) => {
    people.expect(/Content Security Policy/);
    await expectOwnPolicy(people.server.url, PAGE_BYTES_MAX);
    const ana = await people.enter('Ana', 'policy');
    await expectNoStrangeScript(ana.page);
  },
};

async function looks(people, room, device, deviceName, colorScheme) {
  people.expect(/WebSocket connection to/);
  const wire = await Wire.to(people.server.url);
  const ana = await people.enter('Ana Fuchs', 'weir', { ...device, colorScheme }, wire);
  await ana.inDrawer('Rooms', () => ana.enterRoom(room));
  const others = { ben: await people.enter('Ben', room), cleo: await people.enter('Cleo Marsh', room) };
  for (const [who, text] of TALK) {
    if (who === 'cleo') wire.cut();
    await (others[who] ?? ana).tell(text);
  }
  await ana.page.getByText('Offline', { exact: true }).waitFor();
  await others.cleo.enterRoom('weir');
  await others.cleo.tell('The counter at the ladder works again.');
  wire.mend();
  await ana.expectNote(/Recovered 3 messages/);
  await ana.tell('See you there!');
  await others.ben.message.pressSequentially('On my w');
  await ana.page.getByText('Ben is writing…').waitFor();
  const shoot = (what) => ana.page.screenshot({ path: `${people.screenshots}chat-${deviceName}-${colorScheme}${what}.png` });
  await shoot('');
  await expectGoodLooks(ana.page, colorScheme);
  if (device === PHONE) await drawers(ana, shoot, colorScheme);
  await others.ben.tell('averylongwordthatneverends'.repeat(8));
  await ana.expectMessage('sent', 'Ben', 'averylongwordthatneverends'.repeat(8));
  await expectGoodLooks(ana.page, colorScheme);
  wire.end();
}

async function drawers(ana, shoot, colorScheme) {
  for (const drawer of ['Rooms', 'People']) {
    await ana.inDrawer(drawer, async () => {
      await shoot(`-${drawer.toLowerCase()}`);
      await expectGoodLooks(ana.page, colorScheme);
    });
  }
}
