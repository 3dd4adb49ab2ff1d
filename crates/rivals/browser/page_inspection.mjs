// What every page of ours is held to: looks, names, the keyboard, and its policy.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

export const PHONE = { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
export const DESK = { viewport: { width: 1200, height: 760 } };
const BACKGROUNDS = { light: 'rgb(244, 241, 236)', dark: 'rgb(19, 17, 16)' };
/** What the eye needs between text and ground (WCAG 2.2, 1.4.3), and a finger for a button (2.5.5). */
const CONTRAST_MIN = 4.5;
const TARGET_PIXELS_MIN = 44;
const POLICY = "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; ";

/** Nothing is too wide, too small or too pale, and the colours are those that were asked for. */
export async function expectGoodLooks(page, colorScheme) {
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(tooWide <= 0, `scrolls sideways by ${tooWide} px`);
  const clipped = await page.locator('h1, h2, small, button, dd, dt, li span').evaluateAll((elements) =>
    elements.filter((element) => element.scrollWidth > element.clientWidth && element.clientWidth > 0).map((element) => element.outerHTML),
  );
  assert.deepEqual(clipped, [], 'texts that do not fit');
  const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  assert.equal(background, BACKGROUNDS[colorScheme]);
  const small = await page.locator('input, textarea, button').evaluateAll((elements, min) => {
    const sizes = elements.filter((element) => element.checkVisibility()).map((element) => [element.outerHTML, element.getBoundingClientRect()]);
    return sizes.filter(([, box]) => Math.min(box.width, box.height) < min).map(([html]) => html);
  }, TARGET_PIXELS_MIN);
  assert.deepEqual(small, [], `targets of less than ${TARGET_PIXELS_MIN} px`);
  assert.deepEqual(await page.evaluate(paleTexts, CONTRAST_MIN), []);
  // Below that a phone zooms in when an input gets the focus.
  const sizes = await page
    .locator('input, textarea')
    .evaluateAll((inputs) => inputs.map((input) => getComputedStyle(input).fontSize));
  assert.ok(sizes.every((size) => parseFloat(size) >= 16), `${sizes}`);
}

/** Everything that can be used or read out has a name. */
export async function expectNames(page) {
  const nameless = await page.locator('input, textarea, button, section, nav, aside, [role=log]').evaluateAll((elements) =>
    elements
      .filter((element) => element.checkVisibility())
      .filter((element) => !element.labels?.[0]?.innerText && !element.ariaLabel && !element.innerText)
      .map((element) => element.outerHTML),
  );
  assert.deepEqual(nameless, []);
}

/** On a page that was just loaded the keyboard reaches everything, and the focus is seen. */
export async function expectReached(page) {
  const all = page.locator('input, textarea, button, a, [tabindex="0"]');
  const wanted = await all.evaluateAll((elements) => elements.filter((element) => element.checkVisibility()).length);
  const reached = new Set();
  for (let step = 0; step < wanted; step++) {
    await page.keyboard.press('Tab');
    const [index, html, outline] = await page.evaluate(() => {
      const { activeElement } = document;
      const index = [...document.querySelectorAll('*')].indexOf(activeElement);
      return [index, activeElement.outerHTML.slice(0, 80), getComputedStyle(activeElement).outlineStyle];
    });
    assert.equal(outline, 'solid', `the focus is seen on ${html}`);
    reached.add(index);
  }
  assert.equal(reached.size, wanted);
}

/** The page at this address is small, and its policy allows its own script and style and nothing else. */
export async function expectOwnPolicy(url, bytesMax) {
  const page = await (await fetch(url)).text();
  assert.ok(Buffer.byteLength(page) <= bytesMax, `${Buffer.byteLength(page)} bytes`);
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)[1];
  assert.ok(policy.startsWith(POLICY), policy);
  for (const tag of ['script', 'style']) {
    const inside = page.split(`<${tag}>`)[1].split(`</${tag}>`)[0];
    const hash = createHash('sha256').update(inside).digest('base64');
    assert.ok(policy.includes(`; ${tag}-src 'sha256-${hash}'`), `the page's policy needs ${tag}-src 'sha256-${hash}'`);
  }
}

/** A script that comes in from elsewhere is not run. */
export async function expectNoStrangeScript(page) {
  const title = await page.title();
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.title = "run"';
    document.body.append(script);
  });
  assert.equal(await page.title(), title);
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
