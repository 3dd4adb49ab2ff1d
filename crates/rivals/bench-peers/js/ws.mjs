// npm ws on Node.js: ws.mjs echo|publish|deflate. What it serves is at the head of ../src/main.rs.

import { argv } from 'node:process';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  backlog: 4096,
  maxPayload: 16 << 20,
  perMessageDeflate: argv[2] === 'deflate' ? { threshold: 0 } : false,
});
const subscribers = new Set();

server.on('connection', (socket, request) => {
  socket.on('error', () => {});
  if (request.url === '/sub') {
    subscribers.add(socket);
    socket.on('close', () => subscribers.delete(socket));
  } else if (request.url === '/pub') {
    socket.on('message', (message, binary) => {
      for (const subscriber of subscribers) subscriber.send(message, { binary });
    });
  } else {
    socket.on('message', (message, binary) => socket.send(message, { binary }));
  }
});
server.on('listening', () => console.log(`serving ${server.address().port}`));
