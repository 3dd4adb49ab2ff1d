// What a JavaScript server does for our client. README.md says what is behind each path.

import { Buffer } from 'node:buffer';

export const SUBPROTOCOL = 'sockeye.test';
export const MESSAGE_MAX = 32 << 20;

/** Whether a client's header offers the subprotocol that servers choose. */
export function offersOurs(header) {
  return (header ?? '').split(',').some((offer) => offer.trim() === SUBPROTOCOL);
}

/** Prints the line that tells the test where this serves. */
export function announce(port) {
  console.log(`serving ${port}`);
}

/** Does what the path says with a message, a string or bytes, by what the library can. */
export function answer(peer, path, message) {
  switch (path) {
    case '/close': {
      const [code, ...reason] = message.split(' ');
      return code === 'none' ? peer.close() : peer.close(Number(code), reason.join(' '));
    }
    case '/fragments':
      return peer.sendFragments(pieces(Buffer.from(message)), typeof message !== 'string');
    case '/ping':
      return peer.ping(message);
    case '/flood': {
      const [count, size] = message.split(' ').map(Number);
      for (let index = 0; index < count; index++) {
        const data = Buffer.alloc(size);
        data.writeUInt32LE(index);
        peer.send(data);
      }
      return undefined;
    }
    case '/invalid':
      return peer.sendTextBytes(Buffer.from([0x61, 0xff, 0x62]));
    case '/reset':
      return peer.reset();
    default:
      return peer.send(message);
  }
}

/** Cut after 3 bytes each, with an empty one first and last. */
function pieces(data) {
  const cuts = Array.from({ length: Math.ceil(data.length / 3) }, (_, index) => index * 3);
  return [Buffer.alloc(0), ...cuts.map((at) => data.subarray(at, at + 3)), Buffer.alloc(0)];
}
