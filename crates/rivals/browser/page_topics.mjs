// People who talk on a topic, at `/try`.

import assert from 'node:assert/strict';

const LINES_MAX = 400;
const MARKUP = '<img src=x onerror="document.title=1"><b>bold</b> &amp;';

export const checks = {
  'two tabs talk': async (people) => {
    const [ana, ben] = [await people.arrive('Ana'), await people.arrive('Ben')];
    await ana.say('Hello: from the first tab');
    await ana.expectLine('sent', 'Ana', 'Hello: from the first tab');
    await ben.expectLine('got', 'Ana', 'Hello: from the first tab');
    await ben.say('And hello back 🐟');
    await ana.expectLine('got', 'Ben', 'And hello back 🐟');
    assert.equal(await ana.lines.count(), 2, 'nobody hears himself');
    assert.equal(await ana.chat.locator('.count').textContent(), '2 lines');
    assert.equal(await ana.message.inputValue(), '', 'what was sent is gone from the input');
  },

  'a topic is in the address': async (people) => {
    const ana = await people.arrive('Ana', 'salmon%20run');
    assert.equal(await ana.page.title(), 'salmon run · Sockeye');
    const ben = await people.arrive('Ben');
    await ben.join('weather & more/50%');
    await ben.expectConnected();
    assert.equal(ben.fragment(), 'weather & more/50%');
    await ben.say('only here');
    // By hand, as with a link that somebody sent.
    await ben.page.evaluate(() => (location.hash = '#salmon run'));
    await ben.until(() => document.title.startsWith('salmon run'));
    await ben.expectConnected();
    await ben.say('here I am');
    await ana.expectLine('got', 'Ben', 'here I am');
    assert.equal(await ana.lines.count(), 1, 'topics are apart');
  },

  'a name that no topic can have is refused': async (people) => {
    const ana = await people.arrive('Ana');
    for (const name of ['..', '   ', '鮭'.repeat(30)]) {
      await ana.join(name);
      await ana.chat.getByText('This name is too long, or none.').waitFor();
      assert.equal(ana.fragment(), 'news');
    }
    await ana.expectConnected();
  },

  'a reload keeps topic and name': async (people) => {
    const [ana, ben] = [await people.arrive('Ana', 'river'), await people.arrive('Ben', 'river')];
    await ana.page.reload();
    await ana.expectConnected();
    await ana.say('still me');
    await ben.expectLine('got', 'Ana', 'still me');
    await ben.say('still here');
    await ana.expectLine('got', 'Ben', 'still here');
  },

  'what arrives stays text': async (people) => {
    const [ana, ben] = [await people.arrive('Ana'), await people.arrive('<i>Ben</i>')];
    await ben.say(MARKUP);
    await ana.expectLine('got', '<i>Ben</i>', MARKUP);
    assert.equal(await ana.page.locator('li img, li i, li span *').count(), 0);
    assert.equal(await ana.page.title(), 'news · Sockeye');
  },

  'other clients on the topic are shown as well': async (people) => {
    const ana = await people.arrive('Ana');
    await tell(ana, ['no name here', 'Cy: a name', new Uint8Array(3)]);
    await ana.expectLine('got', 'somebody', 'no name here');
    await ana.expectLine('got', 'Cy', 'a name');
    await ana.expectLine('got', 'somebody', '(binary, 3 B)');
  },

  'lines are bounded in number and length': async (people) => {
    const ana = await people.arrive('Ana');
    const lines = Array.from({ length: LINES_MAX + 100 }, (_, index) => `Cy: line ${index}`);
    await tell(ana, [...lines, `Cy: ${'long'.repeat(50_000)}`]);
    await ana.until((count) => document.querySelector('#chat .count').textContent === count, `${lines.length + 1} lines`);
    assert.equal(await ana.chat.locator('li').count(), LINES_MAX);
    const last = await ana.lines.last().locator('span').textContent();
    assert.equal(last, `${'long'.repeat(150)}…`);
  },
};

/** Another client of the same topic sends these messages. */
async function tell(person, messages) {
  await person.page.evaluate(async (messages) => {
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/topic/news`);
    await new Promise((resolve) => (socket.onopen = resolve));
    for (const message of messages) socket.send(message);
    socket.close();
  }, messages);
}
