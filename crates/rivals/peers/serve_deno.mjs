// Deno's own server.

import { kill, pid } from 'node:process';
import { announce, answer, offersOurs, SUBPROTOCOL } from './serving.mjs';

function serve(request) {
  const protocol = offersOurs(request.headers.get('sec-websocket-protocol')) ? SUBPROTOCOL : undefined;
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol });
  socket.binaryType = 'arraybuffer';
  const peer = {
    send: (message) => socket.send(message),
    close: (code, reason) => socket.close(code, reason),
    // Its socket is out of reach. That of a process is not.
    reset: () => kill(pid, 'SIGKILL'),
  };
  socket.onmessage = (event) => answer(peer, new URL(request.url).pathname, event.data);
  // What a client does wrong is seen by that client.
  socket.onerror = () => {};
  return response;
}

Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: ({ port }) => announce(port) }, serve);
