// Another client of the native protocol, which publishes and says nothing else.

/** Publishes so many messages in a room, one behind the other, and waits until all are acknowledged. */
export async function publish(guest, room, count, data = []) {
  await guest.page.evaluate(
    async ([channel, count, data]) => {
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/connect`, 'sockeye.v1.json');
      await new Promise((resolve) => (socket.onopen = resolve));
      socket.send(JSON.stringify({ connect: {} }));
      let published = 0;
      const all = new Promise((resolve) => {
        socket.onmessage = (event) => {
          if (JSON.parse(event.data).published && ++published === count) resolve();
        };
      });
      for (let index = 0; index < count; index++) {
        const text = { name: 'Cy', text: `message ${index}` };
        socket.send(JSON.stringify({ id: index + 1, publish: { channel, data: data[index] ?? text } }));
      }
      await all;
      socket.close();
    },
    [`chat:${room}`, count, data],
  );
}
