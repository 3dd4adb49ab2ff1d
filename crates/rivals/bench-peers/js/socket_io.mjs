// npm socket.io on Node.js: socket_io.mjs publish. It serves what is at the head of ../src/main.rs, but in its own framing and
// all at one path: instead of /sub and /pub there is the query role=sub or role=pub. Messages are the events called "m".

import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, {
  transports: ['websocket'],
  serveClient: false,
  perMessageDeflate: false,
  maxHttpBufferSize: 16 << 20,
});

io.on('connection', (socket) => {
  if (socket.handshake.query.role === 'sub') socket.join('bench');
  else socket.on('m', (message) => io.to('bench').emit('m', message));
});
http.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(`serving ${http.address().port}`);
});
