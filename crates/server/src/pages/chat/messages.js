// The items of a room: messages in the order of the stream, those that wait behind them, and notes between.
function makeRoom(name, position = {}) {
	const room = { name, channel: PREFIX + name, epoch: position.epoch, last: position.last || 0, era: 0, items: [], known: new Map(), days: new Map(), people: new Map(), writing: new Map(), version: 0, count: 0, unread: 0, unseen: 0, recovered: 0 };
	rooms.set(name, room);
	if (isOpen()) subscribe(room);
	return room;
}
const isBehind = (a, b) => a.era > b.era || (a.era === b.era && a.sequence >= b.sequence);
function insert(room, item) {
	let at = room.items.length;
	while (at && !isBehind(item, room.items[at - 1])) at--;
	room.items.splice(at, 0, item);
}
function place(room, got, isEarlier) {
	const known = room.known.get(got.sequence);
	if (known) return known;
	const waiting = outbox.get(got.data?.key), own = me.sessions.includes(got.session);
	if (waiting && own && waiting.room === room) return settle(waiting, got.sequence, got.time_ms);
	const item = { room, own, era: room.era, sequence: got.sequence, time: got.time_ms, session: got.session, name: got.data?.name ? nameOf(got.data) : got.user || "somebody", text: textOf(got), state: "sent" };
	room.known.set(item.sequence, item);
	insert(room, item);
	if (!isEarlier) trim(room);
	return item;
}
function trim(room) {
	const max = room === active && !isAtEnd ? ITEMS_READING_MAX : ITEMS_MAX;
	while (room.items.length > max) {
		const item = room.items.shift();
		room.known.delete(item.sequence);
		room.hasEarlier ||= item.era === room.era;
	}
}
function note(room, className, text) {
	const node = make("li", "note " + className);
	node.append(make("span", "", text));
	insert(room, { node, era: room.era, sequence: room.last + .5 });
	trim(room);
	schedule();
}

// Sending. What has no answer is sent again with the same key, so that it is published once.
function settle(item, sequence, time) {
	const { room } = item, known = room.known.get(sequence);
	outbox.delete(item.key);
	item.state = "sent";
	mark(item);
	room.items.splice(room.items.indexOf(item), 1);
	save();
	schedule();
	if (known) return known;
	Object.assign(item, { era: room.era, sequence, time: time || item.time });
	room.known.set(sequence, item);
	insert(room, item);
	return item;
}
function queue(room, item) {
	Object.assign(item, { room, own: true, era: Infinity, sequence: Infinity, session: me.session, state: "waiting" });
	outbox.set(item.key, item);
	room.items.push(item);
	return item;
}
function transmit(item) {
	const { room, key, name, text } = item, sentAt = performance.now();
	item.state = "waiting";
	mark(item);
	link.ask({ publish: { channel: room.channel, idempotency_key: key, data: { name, text, key } } }, ({ published, error }) => {
		if (error) {
			Object.assign(item, { state: "failed", reason: error.message });
			// The anonymous may hear more than they may say.
			if (error.code === "forbidden" && !me.token) pass.hidden = false;
			outbox.delete(key);
			return mark(item);
		}
		hint("Acknowledged in " + (performance.now() - sentAt).toFixed(1) + " ms");
		if (outbox.has(key) && published.position?.epoch === room.epoch) settle(item, published.position.sequence);
		else if (outbox.delete(key)) { item.state = "sent"; mark(item); }
	});
}
const hint = text => find("#hint").textContent = text;
say.onsubmit = event => {
	event.preventDefault();
	const text = textarea.value.trim();
	if (!text) return;
	if (outbox.size >= OUTBOX_MAX) return hint("Not sent: " + OUTBOX_MAX + " messages wait for the connection.");
	// Not crypto.randomUUID, which pages have over TLS only.
	const key = Array.from(crypto.getRandomValues(new Uint8Array(12)), byte => byte.toString(16).padStart(2, 0)).join("");
	const item = queue(active, { key, text, name: me.name, time: Date.now() });
	if (isOpen()) transmit(item);
	else hint("Kept, and sent when the connection is back.");
	textarea.value = "";
	writtenAt = 0;
	isAtEnd = true;
	trim(active);
	save();
	schedule();
};
textarea.onkeydown = event => {
	if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
	event.preventDefault();
	say.requestSubmit();
};
let writtenAt = 0;
textarea.oninput = () => {
	if (!isOpen() || !textarea.value || Date.now() - writtenAt < WRITING_FOR * .75) return;
	writtenAt = Date.now();
	link.tell({ publish: { channel: active.channel, volatile: true, exclude_self: true, data: { name: me.name, writing: true } } });
};
function writes(room, { session, data }) {
	if (!data?.writing || me.sessions.includes(session) || room.writing.size > 99) return;
	clearTimeout(room.writing.get(session)?.timer);
	const timer = setTimeout(() => { room.writing.delete(session); schedule(); }, WRITING_FOR);
	room.writing.set(session, { name: nameOf(data), timer });
	schedule();
}

