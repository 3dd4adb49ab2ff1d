// The server goes away and comes back.

import assert from 'node:assert/strict';

export const checks = {
  'a killed server is missed, and found again': async (people) => {
    people.expect(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET/);
    const [ana, ben] = [await people.arrive('Ana'), await people.arrive('Ben')];
    await people.server.end('SIGKILL');
    for (const section of [ana.chat, ana.echo]) {
      await section.getByText(/^offline, trying again$/).first().waitFor();
      await ana.expectNote(section, /^closed with 1006/);
    }
    await ana.chat.getByText(/^ in \d+ s$/).waitFor();

    await ana.say('typed while offline');
    await ana.chat.getByText('Not sent: there is no connection. Your text is kept.').waitFor();
    assert.equal(await ana.message.inputValue(), 'typed while offline');
    assert.equal(await ana.lines.count(), 0);

    await people.server.start();
    await ana.expectConnected();
    await ben.expectConnected();
    await ana.message.press('Enter');
    await ben.expectLine('got', 'Ana', 'typed while offline');
    await ana.press('Send');
    await ana.expectFrames(2);
  },

  'a server that shuts down says so': async (people) => {
    people.expect(/ERR_CONNECTION_REFUSED/);
    const ana = await people.arrive('Ana');
    await people.server.end('SIGTERM');
    await ana.expectNote(ana.chat, /^closed with 1001: ./);
    // Each try that fails makes the wait for the next one longer, so that in the end only the button can be what helps.
    const [retry, offline] = [
      ana.chat.getByRole('button', { name: 'Retry' }),
      ana.chat.getByText(/^offline, trying again$/).first(),
    ];
    for (let tries = 0; tries < 5; tries++) {
      await offline.waitFor();
      await retry.click();
    }
    await offline.waitFor();
    await people.server.start();
    await retry.click();
    await ana.chat.locator('.state').getByText('connected', { exact: true }).waitFor();
  },
};
