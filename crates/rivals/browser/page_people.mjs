// People who have the page open, and what they do with it.

import assert from 'node:assert/strict';
import { newTab } from './chromium.mjs';
import { Guest } from './page_guest.mjs';

export class People {
  #tabs = [];
  #expected = [];
  #origins = new Set();

  constructor(browser, server, screenshots) {
    Object.assign(this, { browser, server, screenshots });
    this.#origins.add(new URL(server.url).origin);
  }

  /** Somebody opens the page at `/try` at this fragment, and waits until both of its connections are open. */
  async arrive(name, fragment = 'news', options = {}) {
    const tab = await this.#open(options);
    await tab.page.goto(`${this.server.url}try#${fragment}`);
    const person = new Person(tab.page, name);
    await person.expectConnected();
    await person.call(name);
    return person;
  }

  /** Somebody enters a room of the chat at `/`, over this wire if there is one. */
  async enter(name, room, options = {}, wire = this.server) {
    const tab = await this.#open(options);
    this.#origins.add(new URL(wire.url).origin);
    await tab.page.goto(`${wire.url}#${encodeURIComponent(room)}`);
    const guest = new Guest(tab.page, name);
    await guest.expectConnected();
    await guest.call(name);
    return guest;
  }

  /** Somebody opens the chat of another server, which may not let him in. */
  async visit(url, name) {
    const tab = await this.#open({});
    this.#origins.add(new URL(url).origin);
    await tab.page.goto(url);
    return new Guest(tab.page, name);
  }

  async #open(options) {
    const tab = await newTab(this.browser, options);
    this.#tabs.push(tab);
    return tab;
  }

  /** Complaints of the browser that match this are no fault in this check. */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  expectNoFaults() {
    const isFault = (text) => !this.#expected.some((pattern) => pattern.test(text));
    assert.deepEqual(this.#tabs.flatMap((tab) => tab.faults).filter(isFault), []);
    const origins = new Set(this.#tabs.flatMap((tab) => [...tab.origins]));
    assert.deepEqual([...origins].filter((origin) => !this.#origins.has(origin)), [], 'no request to elsewhere');
  }

  async leave() {
    await Promise.all(this.#tabs.map((tab) => tab.close()));
  }
}

class Person {
  constructor(page, name) {
    Object.assign(this, { page, name, chat: page.locator('#chat'), echo: page.locator('#echo') });
    this.lines = this.chat.locator('li:not(.note)');
    this.frames = this.echo.locator('li:not(.note)');
    this.message = page.getByLabel('Your line');
  }

  async expectConnected() {
    for (const section of [this.chat, this.echo]) {
      await section.locator('.state').getByText('connected', { exact: true }).waitFor();
    }
  }

  /** Takes this name. */
  async call(name) {
    await this.page.getByLabel('Your name').fill(name);
    await this.page.getByLabel('Your name').press('Tab');
  }

  async say(text) {
    await this.message.fill(text);
    await this.message.press('Enter');
  }

  /** Waits for a line of somebody, with exactly this text. */
  async expectLine(kind, name, text) {
    await this.until(
      ([kind, name, text]) =>
        [...document.querySelectorAll(`#chat li.${kind}`)].some(
          (line) => line.querySelector('b').textContent === name && line.querySelector('span').textContent === text,
        ),
      [kind, name, text],
    );
  }

  /** Enters another topic by the form. */
  async join(topic) {
    await this.page.getByLabel('Topic', { exact: true }).and(this.page.locator('input')).fill(topic);
    await this.page.getByRole('button', { name: 'Join' }).click();
  }

  async expectNote(section, text) {
    await section.locator('.note').getByText(text).first().waitFor();
  }

  async press(name) {
    await this.echo.getByRole('button', { name, exact: true }).click();
  }

  /** Waits until so many frames have been listed, and returns the rows: kind, direction, text, aside. */
  async expectFrames(count) {
    await this.until(
      (count) => document.querySelector('#echo .count').textContent === `${count} frames`,
      count,
    );
    return this.frames.evaluateAll((rows) =>
      rows.map((row) => {
        const [kind, aside] = row.querySelectorAll('small');
        const arrow = row.querySelector('b').ariaLabel;
        return [arrow, kind.textContent, row.querySelector('span').textContent, aside.textContent];
      }),
    );
  }

  /** Waits until this holds in the page. */
  async until(condition, argument) {
    await this.page.waitForFunction(condition, argument);
  }

  fragment() {
    return decodeURIComponent(new URL(this.page.url()).hash.slice(1));
  }
}
