// As much of Node's modules as the checks of common.mjs use, for a page.

export class Buffer extends Uint8Array {
  static from(source, ...range) {
    if (typeof source === 'string') return new Buffer(new TextEncoder().encode(source));
    return new Buffer(source, ...range);
  }

  static compare(one, other) {
    const differs = one.findIndex((byte, index) => byte !== other[index]);
    return differs === -1 ? one.length - other.length : one[differs] - (other[differs] ?? -1);
  }

  toString() {
    return Array.from(this, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}

export const setTimeout = (milliseconds) => new Promise((resolve) => globalThis.setTimeout(resolve, milliseconds));

export default undefined;
