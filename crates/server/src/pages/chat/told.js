// What the server says.
const roomOf = channel => channel.startsWith(PREFIX) ? rooms.get(channel.slice(PREFIX.length)) : undefined;
function hear(heard) {
	if (heard.id) {
		link.answers.get(heard.id)?.(heard);
		return link.answers.delete(heard.id);
	}
	const [[word, body]] = Object.entries(heard), room = body?.channel && roomOf(body.channel);
	if (word === "disconnect") link.mayReturn = body.may_return;
	else if (word === "reconnect") {
		link.after = body.after_ms;
		link.socket.close();
	} else if (word === "message") {
		if (body.number) link.tell({ ack: { messages: me.message = body.number } });
		note(active, "", "To you: " + textOf(body));
	} else if (word === "call") link.tell({ reply: { call: body.call, error: { code: "not_found", message: "a chat page answers no calls" } } });
	else if (room && pushes[word]) pushes[word](room, body);
}
const pushes = {
	publication(room, got) {
		if (got.sequence === undefined) return writes(room, got);
		if (got.sequence <= room.last || room.isMending) return;
		if (got.previous > room.last) return mend(room);
		room.last = got.sequence;
		if (!room.isLive) room.recovered++;
		const item = place(room, got);
		if (room !== active && !item.own) room.unread++;
		if (room === active && !isAtEnd && !item.own) room.unseen++;
		room.writing.delete(got.session);
		save();
		schedule();
	},
	subscribed,
	caught_up(room, { position }) {
		setEpoch(room, position.epoch);
		room.last = position.sequence;
		room.isLive = true;
		if (room.isAwaited === "recovered") {
			const away = link.lostAt ? "Back after " + plural(Math.max(1, Math.round((Date.now() - link.lostAt) / 1000)), "second") + ". " : "";
			if (room.recovered || away) note(room, "good", away + (room.recovered ? "Recovered " + plural(room.recovered, "message") + ", none was lost." : "No message was missed."));
		}
		room.isAwaited = "";
		save();
		schedule();
	},
	heartbeat(room, { position }) {
		if (room.isLive && !room.isMending && (position.epoch !== room.epoch || position.sequence > room.last)) mend(room);
	},
	lost(room, { from, to }) {
		note(room, "bad", lostText(from, to));
		room.last = Math.max(room.last, to || 0);
	},
	revoked(room, { reason }) {
		room.isLive = false;
		note(room, "bad", "You are no longer in this room: " + reason + ".");
	},
	presence: present,
	presence_diff(room, { version, joined = [], left = [] }) {
		if (version <= room.version) return;
		// A page that is not all of it, or one diff too many: ask again.
		if (version !== room.version + 1 || room.isPartial) return askPresence(room);
		room.version = version;
		for (const { session } of left) room.people.delete(session);
		for (const member of joined) room.people.set(member.session, nameOf(member.info));
		room.count = room.people.size;
		schedule();
	},
};
const lostText = (from, to) => to > from ? "Up to " + plural(to - from, "message") + " were lost: the history does not reach back that far." : "Messages were lost.";

function subscribe(room) {
	const position = room.epoch ? { epoch: room.epoch, sequence: room.last } : undefined;
	link.ask({ subscribe: { channel: room.channel, position, info: { name: me.name } } }, ({ subscribed: body, error }) => {
		if (body) subscribed(room, body);
		else if (error.code !== "already_subscribed") note(room, "bad", "You cannot enter this room: " + error.message + ".");
	});
}
function subscribed(room, { position, recovery, from, to }) {
	const wasHere = room.epoch, isNewEpoch = setEpoch(room, position.epoch);
	room.isMending = false;
	room.recovered = 0;
	room.isLive = recovery === "live";
	room.isAwaited = recovery;
	if (recovery === "lost") room.last = to;
	else if (!wasHere || isNewEpoch) room.last = position.sequence;
	if (recovery === "lost") note(room, "bad", isNewEpoch ? "The server has lost its memory of this room. Messages sent while you were away may be lost." : lostText(from, to));
	if (!room.hasHistory) askHistory(room);
	askPresence(room);
	save();
}
// Another epoch is another stream: its numbers start anew, behind all that was here.
function setEpoch(room, epoch) {
	if (room.epoch === epoch) return false;
	const isAnother = !!room.epoch;
	if (isAnother) room.era++;
	room.epoch = epoch;
	room.known.clear();
	room.last = room.version = 0;
	// What the other stream has is asked for like that of a new room.
	if (isAnother) room.hasEarlier = room.hasHistory = false;
	return isAnother;
}
// Something is missing between the last one and this one: go on from the last.
function mend(room) {
	room.isMending = true;
	link.tell({ unsubscribe: { channel: room.channel } });
	subscribe(room);
}
function askHistory(room, before) {
	room.hasHistory = true;
	const { era } = room;
	link.ask({ history: { channel: room.channel, before, limit: PAGE } }, ({ history }) => {
		if (!history || era !== room.era) return;
		room.hasEarlier = history.more;
		for (const got of history.publications) place(room, got, before);
		schedule();
	});
}
function askPresence(room) {
	if (room.isAsking) return;
	// Not for each one of a crowd.
	room.isAsking = setTimeout(() => {
		room.isAsking = 0;
		if (isOpen()) link.ask({ presence: { channel: room.channel, limit: PEOPLE_MAX } }, ({ presence }) => presence && present(room, presence));
	}, room.isPartial ? 2000 : 0);
}
function present(room, { version, sessions, members = [], more }) {
	if (version < room.version && isOpen() && !room.isPartial && room.presenceOf === room.epoch) return;
	Object.assign(room, { version, isPartial: more, count: sessions, presenceOf: room.epoch });
	room.people = new Map(members.map(({ session, info }) => [session, nameOf(info)]));
	schedule();
}
const nameOf = info => typeof info?.name === "string" && info.name.trim().slice(0, 32) || "somebody";
const textOf = ({ data, data_base64: bytes }) => {
	const text = typeof data === "string" ? data : typeof data?.text === "string" ? data.text : data === undefined ? "(" + (bytes || "").length + " characters of base64)" : JSON.stringify(data);
	return text.length > 4000 ? text.slice(0, 4000) + "…" : text;
};

