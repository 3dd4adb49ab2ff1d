// The chat when the connection is cut, or the server killed.

import assert from 'node:assert/strict';
import { publish } from './page_speaker.mjs';
import { Wire } from './wire.mjs';

const MISSED = 70;

export const checks = {
  'chat: a cut connection recovers everything, once': async (people) => {
    people.expect(/WebSocket connection to/);
    const wire = await Wire.to(people.server.url);
    const ana = await people.enter('Ana', 'cut', {}, wire);
    const ben = await people.enter('Ben', 'cut');
    await ana.tell('here');
    wire.cut();
    await ana.page.getByText('Offline', { exact: true }).waitFor();
    await publish(ben, 'cut', MISSED);
    await ana.say('typed while offline');
    await ana.expectMessage('own waiting', 'Ana', 'typed while offline');
    await ben.expectPeople('Ben (you)', 'Ana');
    wire.mend();
    await ana.expectNote(new RegExp(`Recovered ${MISSED} messages, none was lost`));
    await ana.expectMessage('own sent', 'Ana', 'typed while offline');
    await ben.expectMessage('sent', 'Ana', 'typed while offline');
    const missed = Array.from({ length: MISSED }, (_, index) => `message ${index}`);
    assert.deepEqual(await ana.texts(), ['here', ...missed, 'typed while offline']);
    assert.deepEqual(await ben.texts(), await ana.texts(), 'nothing twice, for nobody');

    wire.cut();
    await ana.page.getByText('Offline', { exact: true }).waitFor();
    wire.mend();
    await ana.expectNote(/No message was missed/);
    wire.end();
  },

  'chat: a message whose answer was cut off is published once': async (people) => {
    people.expect(/WebSocket connection to/);
    const wire = await Wire.to(people.server.url);
    const ana = await people.enter('Ana', 'once', {}, wire);
    const ben = await people.enter('Ben', 'once');
    // The page hears nothing of what it has published, as if the wire had been cut between.
    await ana.page.evaluate(() => {
      const { socket } = link;
      socket.onmessage = null;
    });
    await ana.say('exactly once');
    await ben.expectMessage('sent', 'Ana', 'exactly once');
    await ana.expectMessage('own waiting', 'Ana', 'exactly once');
    wire.cut();
    await ana.page.getByText('Offline', { exact: true }).waitFor();
    wire.mend();
    await ana.expectMessage('own sent', 'Ana', 'exactly once');
    await ana.tell('and another');
    await ben.expectMessage('sent', 'Ana', 'and another');
    for (const guest of [ana, ben]) assert.deepEqual(await guest.texts(), ['exactly once', 'and another']);
    wire.end();
  },

  'chat: a gap is noticed and closed': async (people) => {
    const [ana, ben] = [await people.enter('Ana', 'gap'), await people.enter('Ben', 'gap')];
    await ben.tell('heard');
    await ana.expectMessage('sent', 'Ben', 'heard');
    // One publication does not reach the page.
    await ana.page.evaluate(() => {
      const { socket } = link;
      const handle = socket.onmessage;
      socket.onmessage = (event) => {
        if (event.data.includes('swallowed')) socket.onmessage = handle;
        else handle(event);
      };
    });
    await ben.tell('swallowed');
    await ben.tell('and the next');
    await ana.expectMessage('sent', 'Ben', 'and the next');
    assert.deepEqual(await ana.texts(), ['heard', 'swallowed', 'and the next']);
    assert.equal(await ana.page.locator('.note.bad').count(), 0);
  },

  'chat: a killed server is an honest loss, and what was typed is kept': async (people) => {
    people.expect(/WebSocket connection to/);
    const [ana, ben] = [await people.enter('Ana', 'loss'), await people.enter('Ben', 'loss')];
    await ana.tell('before the end');
    await ben.expectMessage('sent', 'Ana', 'before the end');
    await people.server.end('SIGKILL');
    await ana.page.getByText('Offline', { exact: true }).waitFor();
    await ana.page.getByText(/next try in \d+ s/).waitFor();
    await ana.say('typed while offline');
    await ana.page.getByText('Kept, and sent when the connection is back.').waitFor();
    // Not even a reload loses it, as soon as there is somebody to load the page from.
    await people.server.start();
    await ana.page.reload();
    for (const guest of [ana, ben]) {
      await guest.expectConnected();
      await guest.expectNote(/The server has lost its memory of this room/);
    }
    await ana.expectMessage('own sent', 'Ana', 'typed while offline');
    await ben.expectMessage('sent', 'Ana', 'typed while offline');
    assert.deepEqual(await ben.texts(), ['before the end', 'typed while offline'], 'what was read stays');
    await ben.tell('we are back');
    await ana.expectMessage('sent', 'Ben', 'we are back');
    await ana.expectPeople('Ana (you)', 'Ben');
  },

  'chat: a copy of a tab becomes another person': async (people) => {
    const ana = await people.enter('Ana', 'twin');
    const kept = await ana.page.evaluate(() => (saveNow(), sessionStorage.sockeye));
    const copy = await ana.page.context().newPage();
    await copy.addInitScript((kept) => (sessionStorage.sockeye ??= kept), kept);
    await copy.goto(ana.page.url());
    await ana.expectPeople('Ana (you)', 'Ana');
    await ana.tell('still here');
    await copy.locator('#log .text').getByText('still here').waitFor();
  },
};
