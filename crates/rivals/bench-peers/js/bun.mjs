// Bun: bun.mjs echo|publish|shared|dedicated [CERTIFICATE KEY]. What it serves is at the head of ../src/main.rs.

const [what, cert, key] = Bun.argv.slice(2);
const compression = { shared: true, dedicated: { compress: 'dedicated', decompress: 'dedicated' } };
const isCompressed = what in compression;

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  tls: cert ? { cert: Bun.file(cert), key: Bun.file(key) } : undefined,
  fetch(request, server) {
    const data = new URL(request.url).pathname;
    return server.upgrade(request, { data }) ? undefined : new Response('', { status: 400 });
  },
  websocket: {
    perMessageDeflate: compression[what] ?? false,
    maxPayloadLength: 16 << 20,
    backpressureLimit: 64 << 20,
    sendPings: false,
    open(socket) {
      if (socket.data === '/sub') socket.subscribe('bench');
    },
    message(socket, message) {
      if (socket.data === '/pub') server.publish('bench', message);
      else if (socket.data === '/echo') socket.send(message, isCompressed);
    },
  },
});
console.log(`serving ${server.port}`);
