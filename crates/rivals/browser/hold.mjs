// Holds one Chromium for all programs that drive it: it prints where they find it, and ends when its input does, that
// is, with whoever started it.

import { chromium } from 'playwright-core';
import { OPTIONS } from './chromium.mjs';

const server = await chromium.launchServer(OPTIONS);
console.log(server.wsEndpoint());
process.stdin.resume();
process.stdin.once('end', async () => {
  await server.kill();
  process.exit(0);
});
