// Somebody in the chat at `/`, and what one does and sees there.

export class Guest {
  constructor(page, name) {
    Object.assign(this, { page, name, log: page.getByRole('log'), message: page.getByLabel('Message', { exact: true }) });
    this.messages = page.locator('#log .message');
    this.notes = page.locator('#log .note');
  }

  async expectConnected() {
    await this.page.locator('#state').getByText('Connected', { exact: true }).waitFor();
  }

  /** Takes this name: on a phone the drawer with it has to be opened. */
  async call(name) {
    await this.inDrawer('Rooms', async () => {
      await this.page.getByLabel('Your name').fill(name);
      await this.page.getByLabel('Your name').press('Tab');
    });
    await this.until((name) => document.querySelector('#people li')?.textContent.includes(`${name} (you)`), name);
  }

  /** Does something in a drawer, which is always open on a desk. */
  async inDrawer(label, act) {
    const button = this.page.getByRole('button', { name: label, exact: true });
    const isDrawer = await button.isVisible();
    if (isDrawer) await button.click();
    await act();
    if (isDrawer) await this.page.keyboard.press('Escape');
  }

  async say(text) {
    await this.message.fill(text);
    await this.message.press('Enter');
  }

  /** Says it, and waits until the server has it. */
  async tell(text) {
    await this.say(text);
    await this.expectMessage('own sent', this.name, text);
  }

  /** Waits for a message of somebody, with exactly this text. */
  async expectMessage(kind, name, text) {
    await this.until(
      ([kind, name, text]) =>
        [...document.querySelectorAll('#log .message')].some(
          (item) =>
            item.querySelector('.name').textContent === name &&
            item.querySelector('.text').textContent === text &&
            kind.split(' ').every((part) => item.classList.contains(part)),
        ),
      [kind, name, text],
    );
  }

  texts() {
    return this.messages.locator('.text').allTextContents();
  }

  async expectNote(text) {
    await this.notes.getByText(text).first().waitFor();
  }

  /** Waits until exactly these are listed as present; the own name comes first. */
  async expectPeople(...names) {
    await this.until(
      (names) =>
        JSON.stringify([...document.querySelectorAll('#people li span + span')].map((item) => item.textContent)) === names,
      JSON.stringify(names),
    );
  }

  async enterRoom(room) {
    await this.page.getByLabel('Another room').fill(room);
    await this.page.getByLabel('Another room').press('Enter');
  }

  /** Waits until this holds in the page. */
  async until(condition, argument) {
    await this.page.waitForFunction(condition, argument);
  }
}
