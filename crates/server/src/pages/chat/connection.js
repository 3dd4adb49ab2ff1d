"use strict";
const ITEMS_MAX = 300, ITEMS_READING_MAX = 900, PAGE = 50, PEOPLE_MAX = 256, ROOMS_MAX = 30, OUTBOX_MAX = 100, SESSIONS_MAX = 20;
const RETRY_MIN = 500, RETRY_MAX = 15000, PING_EVERY = 15000, WRITING_FOR = 4000, GROUP_FOR = 300000, PREFIX = "chat:";
const find = selector => document.querySelector(selector);
const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
const log = find("#log"), newest = find("#newest"), { enter, me: meForm, pass, say } = document.forms, textarea = find("#text");
const pick = list => list[Math.floor(Math.random() * list.length)];
const plural = (count, what) => count + " " + what + (count === 1 ? "" : "s");

// What this tab keeps over a reload: who we are, where we were in each room, and what has no answer yet.
let saved = {};
try { saved = JSON.parse(sessionStorage.sockeye) || {}; } catch { /* a new tab, or no storage */ }
const me = {
	name: saved.name || pick(["Swift", "Quiet", "Bright", "Brave", "Silver", "Merry", "Bold", "Calm"]) + " " + pick(["Otter", "Heron", "Coho", "Trout", "Osprey", "Beaver", "Mink", "Dipper"]),
	token: saved.token, resume: saved.resume, message: saved.message || 0, sessions: saved.sessions || [],
};
const rooms = new Map(), outbox = new Map();
let active, frame = 0, saving = 0;
const saveNow = () => {
	clearTimeout(saving);
	saving = 0;
	const list = [...rooms.values()].map(({ name, epoch, last }) => ({ name, epoch, last }));
	const unsent = [...outbox.values()].map(({ room, key, text, name, time }) => ({ room: room.name, key, text, name, time }));
	try { sessionStorage.sockeye = JSON.stringify({ ...me, rooms: list, outbox: unsent }); } catch { /* full, or forbidden: a reload starts anew */ }
};
const save = () => saving ||= setTimeout(saveNow, 200);
addEventListener("pagehide", saveNow);

// The connection, which comes back when it is lost. Its state: connecting, open, waiting (for the next try), off.
const link = {
	tries: 0, id: 0, answers: new Map(),
	show(state, text) {
		link.state = document.body.dataset.state = state;
		find("#state [role=status]").textContent = text;
		find("#state small").textContent = "";
		find("#state button").hidden = state === "open" || state === "connecting";
	},
	dial() {
		clearTimeout(link.timer);
		link.socket?.close();
		link.answers.clear();
		const socket = link.socket = new WebSocket(location.origin.replace("http", "ws") + "/connect", "sockeye.v1.json");
		const own = handle => event => socket === link.socket && handle(event);
		link.show("connecting", "Connecting");
		socket.onopen = own(() => {
			link.isSilent = false;
			const known = [...rooms.values()].filter(room => room.epoch).map(room => [room.channel, room.last]);
			const resume = me.resume && { token: me.resume, positions: Object.fromEntries(known), message: me.message || undefined };
			link.ask({ connect: { name: "chat page", token: me.token, resume } }, connected);
		});
		socket.onmessage = own(({ data }) => { link.isSilent = false; hear(JSON.parse(data)); });
		socket.onclose = own(closed);
	},
	tell(command) { link.socket.send(JSON.stringify(command)); },
	ask(command, answer) {
		link.answers.set(++link.id, answer);
		link.tell({ id: link.id, ...command });
	},
	wait(least = 0) {
		// Random, so that not all clients come back at once.
		const due = performance.now() + Math.max(least, Math.min(RETRY_MAX, RETRY_MIN * 2 ** link.tries++) * (.75 + Math.random() / 2));
		link.show("waiting", "Offline");
		const tick = () => {
			const left = due - performance.now();
			if (left <= 0) return link.dial();
			find("#state small").textContent = " – next try in " + Math.ceil(left / 1000) + " s";
			link.timer = setTimeout(tick, Math.min(left, 500));
		};
		tick();
	},
};
const isOpen = () => link.state === "open";
function closed({ code, reason }) {
	clearTimeout(link.timer);
	if (isOpen()) link.lostAt = Date.now();
	for (const room of rooms.values()) room.isLive = room.isMending = false;
	schedule();
	if (code === 4409) {
		// A copy of this tab has the session now. This one gets another.
		me.resume = undefined;
		link.wait();
	} else if (code === 4402 || code >= 4400 && code <= 4403 && !link.mayReturn) {
		link.show("off", "Not connected: " + (reason || "closed with " + code));
		// The same token would get the same answer.
		if (code === 4401 || code === 4402) pass.hidden = false;
	} else link.wait(link.after);
	link.after = link.mayReturn = undefined;
}
setInterval(() => {
	if (!isOpen()) return;
	if (link.isSilent) return link.socket.close(), closed({});
	link.isSilent = true;
	link.tell({ ping: {}, id: ++link.id });
}, PING_EVERY);
addEventListener("online", () => link.state === "waiting" && link.dial());
find("#state button").onclick = () => link.dial();

function connected({ connected, error }) {
	if (error) return;
	link.tries = 0;
	pass.hidden = true;
	link.show("open", "Connected");
	me.resume = connected.resume;
	me.session = connected.session;
	if (!connected.resumed) me.message = 0;
	if (!me.sessions.includes(me.session)) me.sessions = [...me.sessions, me.session].slice(-SESSIONS_MAX);
	// A session that is back tells by itself where its rooms go on.
	for (const room of rooms.values()) if (!connected.resumed || !room.epoch) subscribe(room);
	for (const item of outbox.values()) transmit(item);
	save();
	schedule();
}

