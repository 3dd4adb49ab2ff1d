// Bun's own server.

import { kill, pid } from 'node:process';
import { announce, answer, MESSAGE_MAX, offersOurs, SUBPROTOCOL } from './serving.mjs';

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch(request, server) {
    const chosen = offersOurs(request.headers.get('sec-websocket-protocol'));
    const headers = chosen ? { 'Sec-WebSocket-Protocol': SUBPROTOCOL } : {};
    const data = { path: new URL(request.url).pathname };
    return server.upgrade(request, { data, headers }) ? undefined : new Response('', { status: 400 });
  },
  websocket: {
    maxPayloadLength: MESSAGE_MAX,
    backpressureLimit: 2 * MESSAGE_MAX,
    message(socket, message) {
      const peer = {
        send: (data) => socket.send(data),
        close: (code, reason) => socket.close(code, reason),
        ping: (payload) => socket.ping(payload),
        // Its socket is out of reach. That of a process is not.
        reset: () => kill(pid, 'SIGKILL'),
      };
      answer(peer, socket.data.path, message);
    },
    pong: (socket, payload) => void socket.send(`pong ${payload}`),
  },
});
announce(server.port);
