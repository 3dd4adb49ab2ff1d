// What the kernel holds of the connections to a server. src/sockets.rs says more.

import { readFileSync } from 'node:fs';
import { block } from './driver.mjs';

const STALLED_BYTES = 32 * 1024;
const STALLED_LOOKS = 10;
const LOOKS = 40;

/** Whether the server's kernel takes no more of what it has for us. Blocks for a moment, in which nothing is read here. */
export function isStalled(server) {
  const port = Number(new URL(server).port);
  let stalledLooks = 0;
  for (let look = 0; look < LOOKS; look++) {
    const lines = readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1);
    const fields = lines.map((line) => line.trim().split(/\s+/)).filter((line) => line.length > 4);
    const isFull = ([, local, , , queues]) =>
      parseInt(local.split(':')[1], 16) === port && parseInt(queues.split(':')[0], 16) >= STALLED_BYTES;
    stalledLooks = fields.some(isFull) ? stalledLooks + 1 : 0;
    if (stalledLooks === STALLED_LOOKS) return true;
    block(5);
  }
  return false;
}
