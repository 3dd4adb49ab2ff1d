// People who chat in rooms, at `/`.

import assert from 'node:assert/strict';
import { publish } from './page_speaker.mjs';

const ITEMS_MAX = 300;
const PAGE = 50;
const BURST = 1000;
const MARKUP = '<img src=x onerror="document.title=1"><b>bold</b> &amp;';

export const checks = {
  'chat: two tabs talk, and see each other come and go': async (people) => {
    const ana = await people.enter('Ana', 'weir');
    await ana.expectPeople('Ana (you)');
    await ana.notes.getByText('Nothing was said here yet.').waitFor();
    const ben = await people.enter('Ben', 'weir');
    await ana.expectPeople('Ana (you)', 'Ben');
    await ben.expectPeople('Ben (you)', 'Ana');
    await ana.tell('Hello: from the first tab');
    await ben.expectMessage('sent', 'Ana', 'Hello: from the first tab');
    await ben.tell('And hello back 🐟');
    await ana.expectMessage('sent', 'Ben', 'And hello back 🐟');
    assert.deepEqual(await ana.texts(), await ben.texts(), 'both see one order');
    assert.equal(await ana.page.locator('.message.own').count(), 1);
    assert.equal(await ana.message.inputValue(), '');

    await ben.call('Benjamin');
    await ana.expectPeople('Ana (you)', 'Benjamin');
    await ben.message.pressSequentially('Wait');
    await ana.page.getByText('Benjamin is writing…').waitFor();
    await ben.enterRoom('bank');
    await ben.page.getByRole('button', { name: 'Leave weir' }).click();
    await ana.expectPeople('Ana (you)');
  },

  'chat: rooms are apart, and tell what is unread': async (people) => {
    const [ana, ben] = [await people.enter('Ana', 'pool'), await people.enter('Ben', 'pool')];
    await ana.enterRoom('salmon run');
    await ana.until(() => document.title === 'salmon-run · Sockeye');
    assert.equal(new URL(ana.page.url()).hash, '#salmon-run');
    await ben.tell('one');
    await ben.tell('two');
    await ana.until(() => document.title === '(2) salmon-run · Sockeye');
    assert.equal(await ana.messages.count(), 0);
    await ana.page.getByRole('button', { name: 'pool 2 unread' }).click();
    await ana.expectMessage('sent', 'Ben', 'two');
    assert.equal(await ana.page.title(), 'pool · Sockeye');
    await ana.enterRoom('鮭'.repeat(100));
    await ana.page.getByText('This name is too long, or none.').waitFor();
  },

  'chat: a reload shows the history, and is the same person': async (people) => {
    const [ana, ben] = [await people.enter('Ana', 'river'), await people.enter('Ben', 'river')];
    await ana.tell('before');
    await ben.tell('the reload');
    await ana.expectMessage('sent', 'Ben', 'the reload');
    await ana.page.reload();
    await ana.expectMessage('own sent', 'Ana', 'before');
    await ana.expectMessage('sent', 'Ben', 'the reload');
    await ana.expectPeople('Ana (you)', 'Ben');
    assert.equal(await ana.messages.count(), 2);
    await ana.tell('after');
    await ben.expectMessage('sent', 'Ana', 'after');
    await ben.expectPeople('Ben (you)', 'Ana');
    const cy = await people.enter('Cy', 'river');
    await cy.expectMessage('sent', 'Ana', 'after');
    assert.deepEqual(await cy.texts(), ['before', 'the reload', 'after'], 'who comes later reads it too');
  },

  'chat: earlier messages come when they are asked for': async (people) => {
    const ana = await people.enter('Ana', 'archive');
    await publish(ana, 'archive', PAGE * 2 + 10);
    const ben = await people.enter('Ben', 'archive');
    await ben.expectMessage('sent', 'Cy', `message ${PAGE * 2 + 9}`);
    assert.equal(await ben.messages.count(), PAGE);
    for (const count of [PAGE * 2, PAGE * 2 + 10]) {
      await ben.page.getByRole('button', { name: 'Earlier messages' }).click();
      await ben.until((count) => document.querySelectorAll('#log .message').length === count, count);
    }
    assert.equal(await ben.page.getByRole('button', { name: 'Earlier messages' }).count(), 0);
    assert.deepEqual(await ben.texts(), Array.from({ length: PAGE * 2 + 10 }, (_, index) => `message ${index}`));
  },

  'chat: what arrives stays text': async (people) => {
    const [ana, ben] = [await people.enter('Ana', 'mark'), await people.enter('<i>Ben</i>', 'mark')];
    await ben.tell(MARKUP);
    await ana.expectMessage('sent', '<i>Ben</i>', MARKUP);
    assert.equal(await ana.page.locator('#log img, #log i, #people i, .text *').count(), 0);
    // Other programs publish what they like.
    await publish(ana, 'mark', 3, [{ fish: 3 }, 'only words', { text: 7, name: [] }]);
    await ana.expectMessage('sent', 'somebody', '{"fish":3}');
    await ana.expectMessage('sent', 'somebody', 'only words');
    await ana.expectMessage('sent', 'somebody', '{"text":7,"name":[]}');
  },

  'chat: a burst is drawn by frames, and bounded': async (people) => {
    const [ana, ben] = [await people.enter('Ana', 'rapids'), await people.enter('Ben', 'rapids')];
    await ana.page.evaluate(() => {
      const seen = (window.seen = { draws: 0, frames: 0, most: 0 });
      const count = () => ++seen.frames && requestAnimationFrame(count);
      requestAnimationFrame(count);
      new MutationObserver((changes) => {
        if (changes.some((change) => change.type === 'childList')) seen.draws++;
        seen.most = Math.max(seen.most, document.querySelector('#log').children.length);
      }).observe(document.querySelector('#log'), { childList: true });
    });
    const burst = publish(ben, 'rapids', BURST);
    await ana.message.pressSequentially('typed meanwhile');
    await burst;
    await ana.expectMessage('sent', 'Cy', `message ${BURST - 1}`);
    assert.equal(await ana.message.inputValue(), 'typed meanwhile');
    const texts = await ana.texts();
    assert.deepEqual(texts, Array.from({ length: ITEMS_MAX }, (_, index) => `message ${BURST - ITEMS_MAX + index}`));
    const { draws, frames, most } = await ana.page.evaluate(() => window.seen);
    assert.ok(draws <= frames, `${draws} draws in ${frames} frames`);
    // And a line for the day, and the button for earlier ones.
    assert.ok(most <= ITEMS_MAX + 3, `${most} lines at most`);
    assert.equal(await ana.page.locator('.note.bad').count(), 0, 'nothing was lost');
    await ana.message.press('Enter');
    await ben.expectMessage('sent', 'Ana', 'typed meanwhile');
  },
};
