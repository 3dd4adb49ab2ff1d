// What the kernel holds of the connections to a server, for a page: interop.mjs looks, and answers a request that lets
// nothing happen here until then.

export function isStalled(server) {
  const request = new XMLHttpRequest();
  request.open('GET', 'http://kernel.invalid/stalled', false);
  request.send();
  return request.response === 'true';
}
