// Headless Chromium, and tabs of it that tell what went wrong inside.

import { chromium } from 'playwright-core';

const DEADLINE_MILLISECONDS = 10_000;

/** How Chromium is started: headless, and with nothing that would call its maker. */
export const OPTIONS = {
  executablePath: process.env.CHROMIUM,
  args: [
    '--no-sandbox', // which the root of a container cannot have
    '--allow-file-access-from-files', // of interop.html to its modules
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

/** The Chromium that hold.mjs holds. What this program opens in it is closed when this program ends. */
export function find() {
  return chromium.connect(process.env.CHROMIUM_HELD);
}

/** A Chromium of its own. */
export function launch() {
  return chromium.launch(OPTIONS);
}

/** A tab of its own, as of another person, and what went wrong in it so far. */
export async function newTab(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 760 }, ...options });
  context.setDefaultTimeout(DEADLINE_MILLISECONDS);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  const origins = new Set();
  const visit = (url) => url.startsWith('data:') || origins.add(new URL(url.replace(/^ws/, 'http')).origin);
  page.on('request', (request) => visit(request.url()));
  page.on('websocket', (socket) => visit(socket.url()));
  return { page, faults, origins, close: () => context.close() };
}
