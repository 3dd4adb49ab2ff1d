// The echo console: frames and their times.

import assert from 'node:assert/strict';

export const checks = {
  'every frame is listed': async (people) => {
    const ana = await people.arrive('Ana');
    await ana.page.getByLabel('Message').fill('Grüße <b>');
    await ana.press('Send');
    await ana.expectFrames(2);
    await ana.press('Send binary');
    await ana.expectFrames(4);
    await ana.press('Send 64 KiB');
    await ana.expectFrames(6);
    await ana.page.getByLabel('Message').fill('');
    await ana.press('Send');
    const rows = await ana.expectFrames(8);

    const hex = '47 72 c3 bc c3 9f 65 20 3c 62 3e';
    const large = '00 07 0e 15 1c 23 2a 31 38 3f 46 4d';
    const expected = [
      ['text', 'Grüße <b>', '11 B'],
      ['binary', hex, '11 B'],
      ['binary', large, '64.0 KiB'],
      ['text', '(empty)', '0 B'],
    ];
    expected.forEach(([kind, text, size], index) => {
      assert.deepEqual(rows[2 * index], ['sent', kind, text, size]);
      const [direction, ...got] = rows[2 * index + 1];
      assert.deepEqual([direction, ...got.slice(0, 2)], ['got', kind, text]);
      assert.match(got[2], new RegExp(`^${size}, \\d+\\.\\d ms$`));
    });
  },

  'many messages, and the median of their times': async (people) => {
    const ana = await people.arrive('Ana');
    await ana.page.getByLabel('Times').fill('25');
    await ana.press('Send many');
    const rows = await ana.expectFrames(50);
    assert.deepEqual(
      rows.map(([direction]) => direction),
      Array.from({ length: 50 }, (_, index) => (index % 2 ? 'got' : 'sent')),
      'one after the other',
    );
    await ana.echo.getByText('All are sent.').waitFor();
    const times = rows.filter(([direction]) => direction === 'got').map((row) => Number(/([\d.]+) ms$/.exec(row[3])[1]));
    const sorted = times.toSorted((a, b) => a - b);
    const shown = await ana.echo.locator('dd').allTextContents();
    assert.deepEqual(shown.map(Number), [times.at(-1), sorted[12], sorted[0], sorted[24]]);
    assert.equal((await ana.echo.locator('svg path').getAttribute('d')).split('M').length - 1, 25);

    // With an even number it lies between two: as far as they are rounded.
    await ana.press('Send');
    await ana.expectFrames(52);
    const all = [...times, Number(await ana.echo.locator('dd').first().textContent())].toSorted((a, b) => a - b);
    const median = Number(await ana.echo.locator('dd').nth(1).textContent());
    assert.ok(Math.abs(median - (all[12] + all[13]) / 2) < 0.11, `${median} of ${all}`);
  },

  'messages under way at once have times of their own': async (people) => {
    const ana = await people.arrive('Ana');
    await ana.page.evaluate(() => {
      let now = 0;
      performance.now = () => (now += 100);
      const button = document.querySelector('#send button');
      button.click();
      button.click();
    });
    // Sent at 100 and 200, back at 300 and 400.
    const rows = await ana.expectFrames(4);
    assert.deepEqual(rows.slice(2).map((row) => row[3]), ['6 B, 200.0 ms', '6 B, 200.0 ms']);
  },

  'the close code is shown': async (people) => {
    const ana = await people.arrive('Ana');
    await ana.press('Close');
    await ana.expectNote(ana.echo, /^closed with 1000/);
    await ana.echo.getByText('closed', { exact: true }).waitFor();
    await ana.press('Send');
    await ana.echo.getByText('Not sent: there is no connection.').waitFor();
    assert.equal(await ana.frames.count(), 0);
    await ana.press('Open');
    await ana.expectConnected();

    // The server closes this one. The console comes back by itself, and its queue of times starts anew.
    await ana.page.getByLabel('Message').evaluate((input) => (input.value = 'x'.repeat((1 << 20) + 1)));
    await ana.press('Send');
    await ana.expectNote(ana.echo, /^closed with 1009: ./);
    await ana.expectNote(ana.echo, 'without an answer: 1');
    await ana.expectConnected();
    await ana.press('Send 64 KiB');
    const rows = await ana.expectFrames(3);
    assert.match(rows[2][3], /^64\.0 KiB, \d+\.\d ms$/);
    await ana.press('Close');
    await ana.echo.getByText('closed', { exact: true }).waitFor();
    assert.equal(await ana.echo.getByText('without an answer').count(), 1, 'the new queue is empty');
  },
};
