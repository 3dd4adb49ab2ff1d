// npm `ws` as a server.

import { WebSocketServer } from 'ws';
import { announce, answer, MESSAGE_MAX, SUBPROTOCOL } from './serving.mjs';

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  maxPayload: MESSAGE_MAX,
  handleProtocols: (offers) => offers.has(SUBPROTOCOL) && SUBPROTOCOL,
});
server.on('listening', () => announce(server.address().port));
server.on('connection', (socket, request) => {
  const peer = {
    send: (message) => socket.send(message),
    close: (code, reason) => socket.close(code, reason),
    ping: (payload) => socket.ping(payload),
    sendTextBytes: (data) => socket.send(data, { binary: false }),
    sendFragments: (pieces, binary) =>
      pieces.forEach((piece, index) => socket.send(piece, { binary, fin: index === pieces.length - 1 })),
    reset: () => socket._socket.resetAndDestroy(),
  };
  socket.on('message', (data, isBinary) => answer(peer, request.url, isBinary ? data : data.toString()));
  socket.on('pong', (payload) => socket.send(`pong ${payload}`));
  // What a client does wrong is seen by that client.
  socket.on('error', () => {});
});
