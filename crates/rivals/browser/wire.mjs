// A wire between pages and our server, which can be cut while both live.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

export class Wire {
  #server;
  #sockets = new Set();
  #isCut = false;

  /** A wire to the server at this address, on any free port. */
  static async to(url) {
    const wire = new Wire();
    const { hostname, port } = new URL(url);
    wire.#server = createServer((near) => {
      if (wire.#isCut) return near.destroy();
      const far = connect(port, hostname);
      for (const [socket, other] of [[near, far], [far, near]]) {
        wire.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          wire.#sockets.delete(socket);
          other.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    return wire;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/`;
  }

  /** Cuts all connections; new ones are cut at once, until `mend`. */
  cut() {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#isCut = false;
  }

  end() {
    this.cut();
    this.#server.close();
  }
}
