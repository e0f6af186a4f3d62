// How a comparison comes to life in a notebook: what is asked, what is answered, the keys.

const NO_FILTER = { change: "", people: "", conditions: "", words: "" };
const NONE = { start: 0, size: 50, total: 0, told: "", rows: [], marks: null };

class Page {
	constructor(model, el) {
		this.model = model;
		this.filter = { ...NO_FILTER };
		this.checked = new Set();
		this.answer = NONE;
		this.cursor = 0;
		this.opened = null;
		// Other views of the same comparison hear the answers too.
		this.seq = Math.floor(Math.random() * 1e9);
		this.top = makeHead(this);
		this.forest = makeForest(this);
		this.dumbbell = makeDumbbell(this);
		this.choice = makeFilter(this);
		this.table = makeTable(this);
		this.pane = makePane(this);
		this.code = makeCode(this);
		this.news = element("div", "xn-said");
		this.news.role = "status";
		this.keys = element("div", "xn-keys xn-dim");
		setText(this.keys, "j k move · Enter open · Esc close · x check · / search · l label");
		this.body = element(
			"div", "", this.forest.node, this.dumbbell.node, this.choice.node,
			this.table.node, this.pane.node, this.code.node,
		);
		this.trouble = element("div", "xn-alert");
		this.trouble.role = "alert";
		this.root = element(
			"div", "xn-compare", this.trouble, this.top.node, this.body, this.news, this.keys,
		);
		this.listen(el);
		this.update();
	}

	get head() {
		return this.model.get("state").head;
	}

	listen(el) {
		this.root.tabIndex = 0;
		this.root.role = "application";
		this.root.ariaLabel = "Comparison: j and k move between items, Enter opens one";
		// Jupyter looks shortcuts up on the element that has the focus: the mark has to be on it.
		const mark = ({ target }) => target.setAttribute("data-lm-suppress-shortcuts", "true");
		mark({ target: this.root });
		this.root.addEventListener("focusin", mark);
		this.root.addEventListener("keydown", (event) => this.key(event));
		el.append(this.root);
		this.draw = () => this.update();
		this.hear = (message) => this.receive(message);
		this.model.on("change:state", this.draw);
		this.model.on("msg:custom", this.hear);
	}

	remove() {
		this.model.off("change:state", this.draw);
		this.model.off("msg:custom", this.hear);
	}

	// What is asked and answered.

	ask(kind, content) {
		this.model.send({ kind, ...content });
	}

	receive(message) {
		const { kind } = message;
		if (kind === "rows" && message.seq === this.seq) this.showRows(message);
		else if (kind === "item" && message.place === this.opened) this.showItem(message);
		else if (kind === "trace" && message.place === this.opened) this.pane.trace(message);
		else if (kind === "code") this.code.show(message);
		else if (kind === "labelling") setText(this.news, message.text);
	}

	askRows(start) {
		this.seq += 1;
		this.root.classList.add("xn-busy");
		this.ask("rows", { seq: this.seq, start, filter: this.filter });
	}

	update() {
		const state = this.model.get("state");
		setText(this.trouble, state.trouble);
		this.trouble.hidden = !state.trouble;
		if (state.trouble) {
			setText(this.news, "");
			this.root.classList.remove("xn-busy");
		}
		this.top.update(state);
		this.body.hidden = this.keys.hidden = !state.head;
		if (!state.head) return;
		const now = JSON.stringify(state.head);
		if (now === this.drawn) return;
		this.drawn = now;
		if (!state.head.changes.some(([word]) => word === this.filter.change)) this.filter.change = "";
		this.checked.clear();
		this.close();
		this.code.close();
		this.forest.update(state.head);
		this.choice.update(state.head, this.filter);
		this.askRows(0);
	}

	showRows(answer) {
		this.root.classList.remove("xn-busy");
		if (this.goTo !== undefined) this.cursor = this.goTo < 0 ? answer.rows.length - 1 : this.goTo;
		else this.cursor = 0;
		const arrives = this.goTo !== undefined;
		this.goTo = undefined;
		this.answer = answer;
		this.table.update(this.head, answer);
		if (answer.start === 0) {
			this.said = answer.people;
			this.choice.update(this.head, this.filter, this.said);
			this.dumbbell.update(this.head, answer.marks);
		}
		if (arrives) this.arrive();
	}

	showItem(item) {
		const first = this.pane.node.hidden;
		this.pane.update(item);
		if (first) this.pane.node.scrollIntoView({ block: "nearest" });
	}

	// What people do.

	chooseScore(score, run) {
		const rows = this.head.rows.filter((row) => row.score === score);
		const known = rows.some((row) => row.run === run) ? run : (rows[0]?.run ?? 0);
		if (score !== this.head.score || known !== this.head.run) this.ask("score", { score, run: known });
	}

	filterBy(change) {
		Object.assign(this.filter, change);
		this.choice.update(this.head, this.filter, this.said);
		this.askRows(0);
	}

	turn(by, goTo) {
		const start = this.answer.start + by * this.answer.size;
		if (start < 0 || start >= this.answer.total) return;
		this.goTo = goTo;
		this.askRows(start);
	}

	move(by) {
		const inside = this.table.node.contains(document.activeElement);
		const to = inside || this.opened !== null ? this.cursor + by : this.cursor;
		if (to < 0) this.turn(-1, -1);
		else if (to >= this.answer.rows.length) this.turn(1, 0);
		else {
			this.cursor = to;
			this.arrive();
		}
	}

	arrive() {
		rove(this.table.rows, this.cursor);
		this.table.focus();
		const row = this.answer.rows[this.cursor];
		if (row && this.opened !== null && this.opened !== row[0]) this.open(row[0]);
	}

	cursorTo(place) {
		this.cursor = this.answer.rows.findIndex((row) => row[0] === place);
		this.table.rows[this.cursor]?.focus();
		rove(this.table.rows, this.cursor);
	}

	toggle(place) {
		if (this.opened === place) this.close();
		else this.open(place);
	}

	open(place) {
		this.opened = place;
		this.ask("open", { place });
		this.table.marks();
		this.dumbbell.show(place);
	}

	close() {
		if (this.opened === null) return false;
		const inside = this.pane.node.contains(document.activeElement);
		this.opened = null;
		this.pane.close();
		this.table.marks();
		this.dumbbell.show(null);
		if (inside) this.table.focus();
		return true;
	}

	checkOne(place, on) {
		const places = [...this.checked].filter((one) => one !== place);
		this.check(on ? [...places, place] : places);
	}

	check(places) {
		this.checked = new Set(places);
		this.ask("check", { places });
		this.table.marks();
	}

	label() {
		setText(this.news, "opening the labeller…");
		this.ask("label", {});
	}

	// Keys.

	key(event) {
		if (passes(event)) return;
		// Whatever is pressed here is not the notebook's.
		event.stopPropagation();
		const { target, key } = event;
		if (event.ctrlKey || event.metaKey || (event.shiftKey && key === "Enter")) return;
		if (key.startsWith("Arrow") && target.matches("input[type=radio]")) return;
		const act = target.matches("input[type=text], select")
			? this.keyOfField(event)
			: this.keyOfMark(target, key) ?? this.keyOfPage(target, key);
		if (!act) return;
		event.preventDefault();
		act();
	}

	keyOfField({ target, key }) {
		if (key === "Escape") return () => this.leave();
		// Enter tells of a change by itself.
		return key === "Enter" && target.matches("select") ? () => this.leave() : null;
	}

	keyOfMark(target, key) {
		const enters = key === "Enter" || key === " ";
		if (enters && target.matches("button, summary, a")) return () => target.click();
		if (target.matches("input")) return enters && target.type !== "text" ? () => target.click() : null;
		if (enters && target.matches(".xn-difference, .xn-row")) return () => target.click();
		const step = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[key];
		if (step && target.matches(".xn-difference")) return () => moveFocus(this.forest.marks, step);
		if (step && target.matches(".xn-dot")) return () => moveFocus(this.dumbbell.marks, step);
		return null;
	}

	keyOfPage(target, key) {
		const scrolls = target === this.pane.node && key.startsWith("Arrow");
		const name = key.length === 1 ? key.toLowerCase() : key;
		const acts = {
			j: () => this.move(1), ArrowDown: () => this.move(1),
			k: () => this.move(-1), ArrowUp: () => this.move(-1),
			"/": () => this.choice.words.focus(), l: () => this.label(),
			Escape: () => this.leave(), x: () => this.checkCursor(),
		};
		return this.head && !scrolls ? acts[name] : null;
	}

	checkCursor() {
		const row = this.answer.rows[this.cursor];
		if (row) this.checkOne(row[0], !this.checked.has(row[0]));
	}

	leave() {
		if (!(this.head && this.top.close()) && !this.close()) this.root.focus();
	}
}

function render({ model, el }) {
	const page = new Page(model, el);
	return () => page.remove();
}

export default { render };
