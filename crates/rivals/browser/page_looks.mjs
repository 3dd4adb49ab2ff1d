// How the page looks, on a phone and on a desk, by day and by night; and that everybody can use it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

const PHONE = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const DESK = { viewport: { width: 1200, height: 760 } };
const BACKGROUNDS = { light: 'rgb(244, 241, 236)', dark: 'rgb(19, 17, 16)' };
/** What the eye needs between text and ground (WCAG 2.2, 1.4.3), and a finger for a button (2.5.5). */
const CONTRAST_MIN = 4.5;
const TARGET_PIXELS_MIN = 44;
/** So that it fits into what TCP sends at once on a new connection. */
const PAGE_BYTES_MAX = 14_000;
const POLICY = "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; ";

export const checks = {
  'phone, light': (people) => looks(people, PHONE, 'phone', 'light'),
  'phone, dark': (people) => looks(people, PHONE, 'phone', 'dark'),
  'desk, light': (people) => looks(people, DESK, 'desk', 'light'),
  'desk, dark': (people) => looks(people, DESK, 'desk', 'dark'),

  'everything has a name, and the keyboard reaches it': async (people) => {
    const ana = await people.arrive('Ana');
    const nameless = await ana.page.locator('input, button, section, .log').evaluateAll((elements) =>
      elements
        .filter((element) => !element.labels?.[0]?.innerText && !element.ariaLabel && !element.innerText)
        .map((element) => element.outerHTML),
    );
    assert.deepEqual(nameless, []);
    assert.equal(await ana.page.locator('#chat [role=log]').count(), 1, 'lines are read out');
    assert.equal(await ana.page.locator('[role=status]').count(), 4, 'and so are states and hints');

    const wanted = await ana.page.locator('input, button, .log').count();
    await ana.page.reload();
    await ana.expectConnected();
    const reached = new Set();
    for (let step = 0; step < wanted; step++) {
      await ana.page.keyboard.press('Tab');
      const [index, html, outline] = await ana.page.evaluate(() => {
        const { activeElement } = document;
        const index = [...document.querySelectorAll('*')].indexOf(activeElement);
        return [index, activeElement.outerHTML.slice(0, 80), getComputedStyle(activeElement).outlineStyle];
      });
      assert.equal(outline, 'solid', `the focus is seen on ${html}`);
      reached.add(index);
    }
    assert.equal(reached.size, wanted);
  },

  'the page is small, and runs no other script than its own': async (people) => {
    people.expect(/Content Security Policy/);
    const page = await (await fetch(people.server.url)).text();
    assert.ok(Buffer.byteLength(page) <= PAGE_BYTES_MAX, `${Buffer.byteLength(page)} bytes`);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)[1];
    assert.ok(policy.startsWith(POLICY), policy);
    for (const tag of ['script', 'style']) {
      const inside = page.split(`<${tag}>`)[1].split(`</${tag}>`)[0];
      const hash = createHash('sha256').update(inside).digest('base64');
      assert.ok(policy.includes(`; ${tag}-src 'sha256-${hash}'`), `the page's policy needs ${tag}-src 'sha256-${hash}'`);
    }
    const ana = await people.arrive('Ana');
    await ana.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "run"';
      document.body.append(script);
    });
    assert.equal(await ana.page.title(), 'news · Sockeye');
  },
};

async function looks(people, device, deviceName, colorScheme) {
  const options = { ...device, colorScheme };
  const [ana, ben] = [await people.arrive('Ana', 'salmon%20run', options), await people.arrive('Ben', 'salmon%20run')];
  await talk(ana, ben);
  await ana.page.screenshot({ path: `${people.screenshots}${deviceName}-${colorScheme}.png`, fullPage: true });

  const tooWide = await ana.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(tooWide <= 0, `scrolls sideways by ${tooWide} px`);
  const clipped = await ana.page.locator('h1, h2, small, button, dd, dt, li span').evaluateAll((elements) =>
    elements.filter((element) => element.scrollWidth > element.clientWidth && element.clientWidth > 0).map((element) => element.outerHTML),
  );
  assert.deepEqual(clipped, [], 'texts that do not fit');
  const background = await ana.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(background, BACKGROUNDS[colorScheme]);
  const small = await ana.page.locator('input, button').evaluateAll((elements, min) => {
    const sizes = elements.map((element) => [element.outerHTML, element.getBoundingClientRect()]);
    return sizes.filter(([, box]) => Math.min(box.width, box.height) < min).map(([html]) => html);
  }, TARGET_PIXELS_MIN);
  assert.deepEqual(small, [], `targets of less than ${TARGET_PIXELS_MIN} px`);
  assert.deepEqual(await ana.page.evaluate(paleTexts, CONTRAST_MIN), []);
  // Below that a phone zooms in when an input gets the focus.
  const sizes = await ana.page.locator('input').evaluateAll((inputs) => inputs.map((input) => getComputedStyle(input).fontSize));
  assert.ok(sizes.every((size) => parseFloat(size) >= 16), `${sizes}`);
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

/** The texts whose colour is too near to that of their ground. Runs in the page. */
function paleTexts(min) {
  const luminance = (color) => {
    const linear = color.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const parts = (color) => color.match(/[\d.]+/g).map(Number);
  const groundOf = (element) => {
    const ground = parts(getComputedStyle(element).backgroundColor);
    return ground[3] === 0 ? groundOf(element.parentElement) : ground;
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const pale = [];
  for (const element of document.body.querySelectorAll('*')) {
    if (!(hasText(element) || element.matches('input')) || !element.checkVisibility() || element.matches('script')) continue;
    const [dark, light] = [parts(getComputedStyle(element).color), groundOf(element)].map(luminance).toSorted((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < min) pale.push(`${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 80)}`);
  }
  return pale;
}
