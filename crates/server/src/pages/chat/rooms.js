// Which room is shown is in the address, so that it can be shared.
function go(name) {
	const clean = name.trim().replace(/[\s\p{Cc}*]+/gu, "-");
	if (!clean || new TextEncoder().encode(clean).length > 200) return hint("This name is too long, or none.");
	if (!rooms.has(clean) && rooms.size >= ROOMS_MAX) return hint("Leave a room first: " + ROOMS_MAX + " are as many as this page takes.");
	const room = rooms.get(clean) || makeRoom(clean);
	enter.reset();
	hint("");
	if (room === active) return;
	// The log of another room is not news to be read out.
	log.ariaBusy = true;
	active = room;
	room.unread = room.unseen = 0;
	isAtEnd = true;
	history.replaceState(null, "", "#" + encodeURIComponent(clean));
	log.ariaLabel = "Messages in " + clean;
	save();
	cancelAnimationFrame(frame);
	draw();
	setTimeout(() => log.ariaBusy = null);
}
function leaveRoom(room) {
	rooms.delete(room.name);
	for (const item of outbox.values()) if (item.room === room) outbox.delete(item.key);
	if (isOpen()) link.tell({ unsubscribe: { channel: room.channel } });
	if (room === active) go(rooms.keys().next().value);
	save();
	schedule();
}
function goFromHash() {
	let name = "";
	try { name = decodeURIComponent(location.hash.slice(1)); } catch { /* not from this page */ }
	go(name || active?.name || rooms.keys().next().value || "lobby");
}
enter.onsubmit = event => { event.preventDefault(); go(enter.room.value); };
pass.onsubmit = event => {
	event.preventDefault();
	me.token = pass.token.value.trim() || undefined;
	pass.reset();
	save();
	link.dial();
};
meForm.onsubmit = event => { event.preventDefault(); meForm.nick.blur(); };
meForm.nick.onchange = () => {
	me.name = meForm.nick.value = meForm.nick.value.replace(/\s+/g, " ").trim() || me.name;
	if (isOpen()) for (const room of rooms.values()) link.tell({ update_presence: { channel: room.channel, info: { name: me.name } } });
	save();
};
meForm.nick.value = me.name;
addEventListener("hashchange", goFromHash);
addEventListener("beforeprint", draw);
find("#fish").src = find("link").href;
for (const { name, ...position } of saved.rooms || []) makeRoom(name, position);
for (const { room, ...item } of saved.outbox || []) if (rooms.has(room)) queue(rooms.get(room), item);
goFromHash();
link.dial();
