// The state of one labeller, whatever number of views show it: what is on the screen, what was
// decided, what is still on its way. A decision changes it at once; Python only confirms.

const AHEAD = 250;
const BEHIND = 300;
const CHOSEN = new Set(["categorical", "boolean", "scale", "preference"]);

export function blank() {
	return { answers: {}, skipped: false, flagged: false, comment: "", correction: null };
}

export function said(label, dimension) {
	return Object.hasOwn(label.answers, dimension.name);
}

// The label after a decision; the same steps as in Python's fold.
export function applied(label, { action, dimension, value }) {
	const answers = { ...label.answers };
	if (action === "set") answers[dimension] = value;
	if (action === "clear") delete answers[dimension];
	const after = { ...label, answers };
	if (action === "set" || action === "clear") after.carried = false;
	if (action === "set" || action === "unskip") after.skipped = false;
	if (action === "skip") after.skipped = true;
	if (action === "flag" || action === "unflag") after.flagged = action === "flag";
	if (action === "comment") after.comment = value || "";
	if (action === "correct") after.correction = value || null;
	return after;
}

export class Desk {
	constructor({ setup, link, now }) {
		Object.assign(this, { setup, link, now });
		this.dimensions = setup.dimensions;
		this.views = new Set();
		this.entries = new Map();
		this.done = [];
		this.undone = [];
		this.travels = new Map();
		this.position = 0;
		this.focus = 0;
		this.total = 0;
		this.counts = setup.counts;
		this.outgoing = [];
		this.latest = [];
		this.spent = 0;
		this.notices = [];
		this.trouble = "";
		this.echo = "";
		this.auto = true;
		this.sheet = null;
		this.field = null;
		this.savedAt = null;
		this.presented = now();
		this.acted = false;
		if (setup.first) this.take(setup.first);
		this.show(setup.first?.at ?? 0);
	}

	get entry() {
		return this.entries.get(this.position);
	}

	get label() {
		return this.entry ? this.entry.label : blank();
	}

	// The screen changes first; what is to be sent follows in the same moment.
	changed() {
		for (const draw of this.views) draw(this);
		queueMicrotask(() => {
			const place = { have: this.loaded, at: this.position };
			for (const message of this.outgoing.splice(0)) this.link.deliver({ ...message, ...place });
		});
	}

	// What Python tells.

	receive(message) {
		const heard = this[`on_${message.kind}`];
		if (heard) heard.call(this, message);
		this.changed();
	}

	on_state(state) {
		this.take(state);
		if (!this.latest.length) this.latest = state.latest;
		if (!this.acted) {
			if (state.at === null && state.total) this.ask({ kind: "finish" });
			else this.show(state.at ?? 0);
		}
		this.handOver();
		setTimeout(() => this.handOver(), 2500);
		this.fetchAhead();
	}

	on_items(message) {
		this.take(message);
		if (this.seeking) this.seek();
		this.fetchAhead();
	}

	// Enough is kept here to go on for long while the kernel is busy.
	fetchAhead() {
		const from = this.loaded;
		const enough = from >= this.total || from - this.position >= AHEAD;
		if (enough || from === this.fetched) return;
		this.fetched = from;
		this.ask({ kind: "more", from, count: 40 });
	}

	// Further items joined while a run is going.
	on_grown(message) {
		const ended = this.sheet?.name === "finish" || !this.entry;
		this.fetched = null;
		this.take(message);
		if (!ended) return;
		this.sheet = null;
		this.seek();
	}

	on_goto(message) {
		this.take(message);
		this.go(message.at);
	}

	on_ack(message) {
		const mine = message.session === this.link.session;
		if (mine) this.link.settle(message.seq);
		this.expected = null;
		this.savedAt = this.now();
		this.take(message);
		if (message.pos !== null && !this.link.has(message.pos)) this.relabel(message.pos, message.label);
		const thought = this.travels.get(message.seq) ?? null;
		this.travels.delete(message.seq);
		if (mine && thought !== null && thought !== message.pos) {
			this.done = this.undone = [];
			this.ask({ kind: "more", from: thought, count: 1 });
			if (message.pos !== null) this.go(message.pos);
		}
		if (mine && this.awaited === message.seq) {
			this.awaited = null;
			if (message.pos === null) this.echo = "nothing to undo or redo";
			else this.go(message.pos);
		}
		if (!mine) this.handedOver(message);
	}

	on_again({ session, expected }) {
		if (session !== this.link.session || this.link.stuck || this.expected === expected) return;
		this.expected = expected;
		this.link.resend(expected);
	}

	on_refused({ session, seq, text, pos, label }) {
		if (session === this.link.session) {
			this.link.settle(seq);
			this.done = this.done.filter((one) => one.seq !== seq);
		} else this.handedOver({ session, seq });
		this.warn(text);
		if (label) this.relabel(pos, label);
	}

	on_stuck({ text }) {
		this.link.stuck = text;
	}

	on_raw({ pos, part, nodes }) {
		const entry = this.entries.get(pos);
		if (entry) this.entries.set(pos, { ...entry, raw: { ...entry.raw, [part]: nodes } });
	}

	on_reveal({ pos, scores }) {
		const entry = this.entries.get(pos);
		if (entry) this.entries.set(pos, { ...entry, scores });
	}

	on_sheet({ name, nodes, links }) {
		this.sheet = { name, nodes, links: links || [] };
	}

	on_trouble({ text }) {
		this.warn(text);
	}

	// A warning stays long enough to be read, however fast one goes on.
	warn(text) {
		this.trouble = text;
		this.warned = this.now();
	}

	take({ entries, total, counts, notices }) {
		for (const entry of entries || [])
			if (!this.link.has(entry.pos) || !this.entries.has(entry.pos))
				this.entries.set(entry.pos, entry);
		if (total !== undefined) this.total = total;
		if (counts) this.counts = counts;
		if (notices) this.notices = notices;
	}

	relabel(position, label) {
		const entry = this.entries.get(position);
		if (entry) this.entries.set(position, { ...entry, label });
	}

	// Decisions that an earlier page kept are handed over before anything else is done.
	handOver() {
		this.left = this.link.leftBehind();
		for (const { kept } of this.left)
			for (const message of kept) this.link.post({ ...message, oldest: kept[0].seq });
	}

	handedOver({ session, seq }) {
		for (const { name, kept } of this.left || []) {
			if (!kept.some((m) => m.session === session && m.seq === seq)) continue;
			if (kept[kept.length - 1].seq > seq) return;
			this.link.forget(name);
			this.echo = `${kept.length} kept in this browser, now saved`;
			this.seek();
		}
	}

	// Where one is.

	isDone(label) {
		const needed = this.dimensions.filter((d) => d.required);
		if (!needed.length) return label.skipped || Object.keys(label.answers).length > 0;
		return needed.every((d) => said(label, d));
	}

	isOpen(label) {
		return !label.skipped && !this.isDone(label);
	}

	nextOpen(from) {
		for (let p = from; p < this.total; p++) {
			const entry = this.entries.get(p);
			if (!entry || this.isOpen(entry.label)) return p;
		}
		return null;
	}

	// Show an item, wherever it is; one that is not here yet is asked for.
	go(position) {
		this.acted = true;
		this.show(Math.min(Math.max(position, 0), Math.max(this.total - 1, 0)));
		if (!this.entry) this.fetchAhead();
		this.trim();
	}

	show(position) {
		if (this.spent && this.isDone(this.label)) this.latest = [...this.latest.slice(-39), this.spent];
		this.spent = 0;
		this.position = position;
		this.focus = this.firstFocus();
		this.presented = this.now();
		if (this.now() - this.warned > 5000) this.trouble = "";
	}

	firstFocus() {
		const open = this.dimensions.findIndex((d) => d.required && !said(this.label, d));
		return Math.max(0, open);
	}

	// Stay on an open item, else go to the next one; behind the last, Python knows what is left.
	seek() {
		this.seeking = false;
		if (this.entry && this.isOpen(this.label)) return;
		const next = this.nextOpen(this.position);
		if (next === null) return this.ask({ kind: "finish" });
		this.go(next);
		this.seeking = !this.entry;
	}

	advance() {
		if (this.position + 1 >= this.total) return this.ask({ kind: "finish" });
		const next = this.nextOpen(this.position + 1);
		if (next === null) return this.ask({ kind: "finish" });
		this.go(next);
		this.seeking = !this.entry;
	}

	trim() {
		if (this.entries.size <= AHEAD + BEHIND + 50) return;
		for (const p of this.entries.keys())
			if ((p < this.position - BEHIND || p > this.position + AHEAD + 50) && !this.link.has(p))
				this.entries.delete(p);
	}

	get loaded() {
		let p = this.position;
		while (this.entries.has(p)) p++;
		return p;
	}

	ask(message) {
		setTimeout(() => this.link.post(message), 0);
	}

	// What is decided.

	decide(action, { dimension = null, value = null } = {}) {
		const entry = this.entry;
		if (!this.mayDecide()) return false;
		const before = entry.label;
		const after = applied(before, { action, dimension, value });
		this.entries.set(this.position, { ...entry, label: after });
		const { seq } = this.hand({ action, dimension, value });
		this.done.push({ position: this.position, before, after, seq });
		this.undone = [];
		return true;
	}

	mayDecide() {
		this.acted = true;
		if (this.link.isFull) this.warn("500 decisions wait for the kernel. Go on when it answers.");
		return Boolean(this.entry) && !this.link.isFull;
	}

	hand(decision) {
		const entry = this.entry;
		const at = this.now();
		const active = withoutIdle((at - this.presented) / 1000);
		const message = this.link.add({
			pos: this.position,
			title: entry.title,
			presented: this.presented,
			decided: at,
			active,
			...decision,
		});
		this.spent += active;
		this.presented = at;
		this.outgoing.push(message);
		return message;
	}

	choose(dimension, value) {
		this.focus = this.dimensions.indexOf(dimension);
		if (!this.decide("set", { dimension: dimension.name, value })) return this.changed();
		const choice = dimension.choices.find((c) => c.value === value);
		this.answered = { dimension: dimension.name, value };
		this.echo = `${this.entry.title}: ${choice ? choice.label : value}`;
		this.step();
		this.changed();
	}

	// Go to the next question of the item, or to the next item after the last one.
	step() {
		const unanswered = (d) => !said(this.label, d);
		const later = this.dimensions.findIndex(
			(d, i) => i > this.focus && unanswered(d) && (d.required || CHOSEN.has(d.kind)),
		);
		const earlier = this.dimensions.findIndex((d) => d.required && unanswered(d));
		if (later >= 0) this.focus = later;
		else if (earlier >= 0) this.focus = earlier;
		else if (this.auto) this.advance();
	}

	skip() {
		const title = this.entry?.title;
		if (!this.decide("skip")) return;
		this.echo = `${title}: skipped`;
		this.advance();
	}

	flag() {
		if (!this.decide(this.label.flagged ? "unflag" : "flag")) return;
		this.echo = this.label.flagged ? "flagged" : "flag removed";
	}

	takeBack() {
		this.travel("undo", this.done, this.undone, "before");
	}

	doAgain() {
		this.travel("redo", this.undone, this.done, "after");
	}

	// Undo or redo: at once where this page knows what it is about, else when Python has told.
	travel(action, from, to, side) {
		if (!this.mayDecide()) return;
		const known = from.pop();
		const message = this.hand({ action, dimension: null, value: null, of: known?.position });
		if (!known) {
			this.awaited = message.seq;
			to.length = 0;
			return;
		}
		to.push(known);
		this.travels.set(message.seq, known.position);
		this.go(known.position);
		if (this.entry) this.relabel(known.position, known[side]);
		this.focus = this.firstFocus();
		this.echo = `${action === "undo" ? "undone" : "done again"}: ${this.entry?.title ?? ""}`;
	}

	retry() {
		this.link.stuck = "";
		this.handOver();
		this.link.resend();
		this.changed();
	}
}
