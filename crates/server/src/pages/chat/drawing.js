// Drawing: once a frame, however much has come.
let isAtEnd = true;
log.onscroll = () => {
	isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
	if (isAtEnd && active.unseen) { active.unseen = 0; schedule(); }
};
newest.onclick = () => { isAtEnd = true; active.unseen = 0; schedule(); textarea.focus(); };
const schedule = () => frame ||= requestAnimationFrame(draw);
const avatar = name => {
	const hue = [...name].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 360, 7);
	const letters = name.split(/\s+/).map(word => [...word][0]).slice(0, 2).join("").toUpperCase();
	const element = make("span", "avatar", letters);
	element.style.setProperty("--hue", hue);
	element.ariaHidden = true;
	return element;
};
function mark(item) {
	if (!item.mark) return;
	item.node.classList.remove("waiting", "failed", "sent");
	item.node.classList.add(item.state);
	const [sign, label] = { waiting: ["◷", "not sent yet"], sent: ["✓", "sent"], failed: ["", "not sent"] }[item.state];
	Object.assign(item.mark, { textContent: sign, ariaLabel: label, title: label });
	item.node.querySelector(".retry")?.remove();
	if (item.state !== "failed") return;
	const retry = make("button", "retry", "Not sent: " + item.reason + ". Retry");
	retry.onclick = () => { outbox.set(item.key, item); if (isOpen()) transmit(item); };
	item.node.lastChild.append(retry);
}
function drawItem(item) {
	const node = item.node = make("li", "message " + item.state + (item.own ? " own" : "")), bubble = make("div", "bubble"), small = make("small", "");
	const time = make("time", "", new Date(item.time).toTimeString().slice(0, 5));
	time.dateTime = new Date(item.time).toISOString();
	small.append(time);
	if (item.own) {
		item.mark = make("span", "mark");
		item.mark.role = "img";
		small.append(" ", item.mark);
	}
	const text = make("span", "text", item.text);
	text.dir = "auto";
	bubble.append(make("b", "name", item.name), text, small);
	node.append(avatar(item.name), bubble);
	mark(item);
	return node;
}
const dayOf = time => new Date(time).toDateString() === new Date().toDateString() ? "Today" : new Date(time).toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
const earlier = make("li", "note"), earlierButton = make("button", "", "Earlier messages"), empty = make("li", "note");
earlier.append(earlierButton);
empty.append(make("span", "", "Nothing was said here yet. Say hello, or open this page in a second tab: the two meet."));
earlierButton.onclick = () => { isAtEnd = false; askHistory(active, active.items.find(item => item.era === active.era && item.key === undefined && item.time)?.sequence); };
function nodesOf(room) {
	const nodes = [];
	let before, day;
	if (room.hasEarlier && room.items.length < ITEMS_READING_MAX) nodes.push(earlier);
	if (!room.items.length && room.hasHistory) nodes.push(empty);
	for (const item of room.items) {
		const node = item.node || drawItem(item);
		if (!item.time) before = undefined;
		else {
			if (day !== (day = dayOf(item.time))) {
				if (!room.days.has(day)) room.days.set(day, make("li", "day", day));
				nodes.push(room.days.get(day));
				before = undefined;
			}
			node.classList.toggle("more", !!before && before.session === item.session && before.name === item.name && item.time - before.time < GROUP_FOR);
			before = item;
		}
		nodes.push(node);
	}
	return nodes;
}
function draw() {
	frame = 0;
	const nodes = nodesOf(active), wanted = new Set(nodes);
	for (const node of [...log.children]) if (!wanted.has(node)) node.remove();
	let at = log.firstChild;
	for (const node of nodes) {
		if (node === at) at = at.nextSibling;
		else log.insertBefore(node, at);
	}
	if (isAtEnd) log.scrollTop = log.scrollHeight;
	newest.hidden = isAtEnd || !active.unseen;
	newest.textContent = "↓ " + active.unseen + " new";
	const writing = [...active.writing.values()].map(({ name }) => name);
	find("#writing").textContent = writing.length ? (writing.length > 3 ? "Several people are" : writing.join(" and ") + (writing.length > 1 ? " are" : " is")) + " writing…" : "";
	drawPeople();
	drawRooms();
}
// Lists are drawn again only if they say something else: the focus may be in them.
const redraw = (list, key, rows) => {
	if (list.dataset.key === key) return;
	list.dataset.key = key;
	list.replaceChildren(...rows());
};
function drawPeople() {
	const people = [...active.people].map(([session, name]) => [session === me.session ? name + " (you)" : name, session === me.session]);
	people.sort(([a, isMe], [b]) => isMe ? -1 : a.localeCompare(b));
	people.sort(([, a], [, b]) => b - a);
	const more = active.count - people.length;
	find("[popovertarget=people] span").textContent = find("#people h2 span").textContent = active.count;
	redraw(find("#people ul"), JSON.stringify([people, more]), () => {
		const rows = people.map(([name, isMe]) => {
			const row = make("li", "");
			row.append(avatar(isMe ? me.name : name), make("span", "", name));
			return row;
		});
		return more > 0 ? [...rows, make("li", "", "and " + more + " more")] : rows;
	});
}
function drawRooms() {
	const unread = [...rooms.values()].reduce((sum, room) => sum + room.unread, 0);
	document.title = (unread ? "(" + unread + ") " : "") + active.name + " · Sockeye";
	find("h1").textContent = active.name;
	redraw(find("#rooms ul"), JSON.stringify([active.name, ...[...rooms.values()].map(room => [room.name, room.unread])]), () => [...rooms.values()].map(room => {
		const row = make("li", ""), button = make("button", "");
		button.append(make("span", "", room.name));
		button.ariaCurrent = room === active;
		if (room.unread) {
			const badge = make("span", "badge", room.unread);
			badge.ariaLabel = room.unread + " unread";
			button.append(badge);
		}
		button.onclick = () => { go(room.name); find("#rooms:popover-open")?.hidePopover(); textarea.focus(); };
		row.append(button);
		if (rooms.size > 1) {
			const leave = make("button", "", "×");
			leave.ariaLabel = "Leave " + room.name;
			leave.onclick = () => leaveRoom(room);
			row.append(leave);
		}
		return row;
	}));
}

