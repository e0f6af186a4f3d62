// One view of a desk: its elements, made once and then only changed where something differs.

const FIELDS = {
	comment: ["Comment", "why, for others", true],
	correct: ["Corrected output", "what it should have been", true],
	go: ["Go to item", "number", false],
};

const LONG = 700;

function button(className, text, act) {
	const made = element("button", className, text);
	made.type = "button";
	made.addEventListener("click", act);
	return made;
}

function badge(text) {
	return element("kbd", "xn-badge", text);
}

const SPANS = ["keys", "echo", "place", "pace", "saved", "who"];
const BOXES = ["fill", "notices", "paper", "questions", "commands", "field", "sheet", "news"];

function makeFrame(setup) {
	const parts = { title: element("strong", "xn-title", setup.title) };
	for (const name of SPANS) parts[name] = element("span", `xn-${name}`);
	for (const name of BOXES) parts[name] = element("div", `xn-${name}`);
	parts.who.textContent = setup.who;
	parts.notices.role = "status";
	parts.news.role = "status";
	parts.field.hidden = parts.sheet.hidden = true;
	parts.sheet.tabIndex = -1;
	const root = element(
		"div",
		"xn-label",
		element("div", "xn-top", parts.title, parts.keys, parts.echo, parts.place, parts.pace),
		element("div", "xn-track", parts.fill),
		parts.notices,
		element("div", "xn-middle", parts.paper, parts.sheet),
		parts.questions,
		element("div", "xn-actions", parts.commands, parts.field),
		element("div", "xn-foot", parts.saved, parts.who),
		parts.news,
	);
	root.tabIndex = 0;
	root.role = "application";
	root.ariaLabel = `${setup.title}: press ? for all keys`;
	return { root, ...parts };
}

export class View {
	constructor(desk, el) {
		this.desk = desk;
		this.papers = new Map();
		this.frame = makeFrame(desk.setup);
		this.questions = desk.dimensions.map((d) => this.makeQuestion(d));
		this.frame.questions.append(...this.questions.map((q) => q.row));
		this.makeCommands();
		this.shown = this.unfolded = null;
		this.compared = false;
		this.detailed = false;
		this.listen();
		el.append(this.frame.root);
		this.draw = () => this.update();
		desk.views.add(this.draw);
		this.update();
		this.clock = setInterval(() => this.tick(), 250);
	}

	remove() {
		clearInterval(this.clock);
		this.desk.views.delete(this.draw);
	}

	// Elements.

	makeQuestion(dimension) {
		const name = element("span", "xn-name", dimension.name);
		name.title = dimension.description;
		const answers = element("span", "xn-answers");
		const row = element("div", "xn-question", name, answers);
		row.role = "group";
		row.ariaLabel = dimension.name;
		const buttons = dimension.choices.map((choice) => {
			const badges = choice.keys.filter((key) => key !== choice.label).map(badge);
			const label = element("span", "xn-mark", choice.label);
			const made = button("xn-answer", "", () => this.desk.choose(dimension, choice.value));
			made.append(...badges, label);
			made.title = choice.description;
			answers.append(made);
			return { made, value: choice.value };
		});
		const typed = button("xn-answer", "", () => this.openTyped(dimension));
		if (!buttons.length) answers.append(typed);
		row.append(element("span", "xn-hint", dimension.hint));
		return { row, buttons, typed, dimension };
	}

	makeCommands() {
		for (const { name, shown, text, button: word } of this.desk.setup.commands) {
			if (!word) continue;
			const made = button("xn-command", word, () => this.act(name));
			made.dataset.command = name;
			made.title = text;
			made.append(badge(shown));
			this.frame.commands.append(made);
		}
	}

	// Drawing.

	update() {
		const { desk, frame } = this;
		const { entry, label } = desk;
		if (this.shown !== entry) this.showPaper(entry);
		this.questions.forEach((question, i) => this.drawQuestion(question, label, i === desk.focus));
		const place = desk.total ? `${desk.position + 1} of ${desk.total}` : "";
		setText(frame.place, place);
		setText(frame.pace, paceText(desk.latest, desk.total - desk.counts.done));
		frame.fill.style.width = `${desk.total ? (100 * desk.counts.done) / desk.total : 0}%`;
		this.drawEcho();
		this.drawSaved();
		this.drawNotices();
		this.drawSheet();
		this.drawMarks(label);
	}

	drawQuestion({ row, buttons, typed, dimension }, label, focused) {
		const answer = said(label, dimension) ? label.answers[dimension.name] : undefined;
		row.classList.toggle("xn-focus", focused);
		for (const { made, value } of buttons) {
			const chosen = String(value === answer);
			if (made.ariaPressed !== chosen) made.ariaPressed = chosen;
		}
		if (!buttons.length) setText(typed, answer === undefined ? "Enter to write" : String(answer));
	}

	drawMarks(label) {
		const marks = { skip: label.skipped, flag: label.flagged, comment: label.comment !== "" };
		marks.correct = label.correction !== null;
		marks.compare = this.compared;
		marks.details = this.detailed;
		for (const made of this.frame.commands.children)
			made.classList.toggle("xn-on", Boolean(marks[made.dataset.command]));
	}

	showPaper(entry) {
		this.shown = entry;
		const { paper } = this.frame;
		if (!entry) {
			const text = this.desk.total ? "loading this item…" : this.desk.setup.waiting;
			paper.replaceChildren(element("p", "xn-dim", text));
			return;
		}
		if (this.detailed && entry.scores === undefined && this.desk.isDone(entry.label))
			this.desk.ask({ kind: "reveal", pos: entry.pos });
		// Only where it was scrolled: asking for the place would lay the page out twice.
		if (this.scrolled && this.place !== entry.pos) paper.scrollTop = 0;
		this.scrolled = this.scrolled && this.place === entry.pos;
		this.place = entry.pos;
		const held = paper.contains(document.activeElement);
		paper.replaceChildren(this.paperOf(entry));
		if (held && !paper.contains(document.activeElement)) this.focusRoot();
		clearTimeout(this.ahead);
		this.ahead = setTimeout(() => this.prepare(), 0);
	}

	// What comes next is made ready while the person reads.
	prepare() {
		const next = this.desk.nextOpen(this.desk.position + 1);
		const entry = next !== null && this.desk.entries.get(next);
		if (entry) this.paperOf(entry);
		for (const position of this.papers.keys())
			if (Math.abs(position - this.desk.position) > 3) this.papers.delete(position);
	}

	paperOf(entry) {
		const known = this.papers.get(entry.pos);
		const same = ["raw", "scores"].every((name) => known && known.entry[name] === entry[name]);
		const still = same && known.entry.label.carried === entry.label.carried;
		if (still && known.modes === this.modes && known.entry.outputs === entry.outputs)
			return known.node;
		const node = this.makePaper(entry);
		this.papers.set(entry.pos, { entry, node, modes: this.modes });
		return node;
	}

	get modes() {
		return `${this.compared}${this.detailed}${this.unfolded}`;
	}

	makePaper(entry) {
		const pair = entry.outputs.length > 1;
		const head = element("div", "xn-head", element("span", "xn-item-title", entry.title));
		if (entry.label.carried) head.append(element("span", "xn-tag", "carried over: same output"));
		const outputs = element("div", pair ? "xn-pair" : "");
		outputs.append(...entry.outputs.map((part) => this.makePart(entry, part, "xn-output")));
		const body = element("div", "xn-body", head);
		if (this.detailed) body.append(this.makeDetails(entry));
		body.append(...entry.before.map((part) => this.makePart(entry, part)), outputs);
		if (this.compared && entry.diff)
			body.append(this.makePart(entry, { name: "difference to expected", nodes: entry.diff }));
		body.append(...entry.after.map((part) => this.makePart(entry, part)));
		if (this.unfolded !== null)
			for (const part of body.querySelectorAll("details")) part.open = this.unfolded;
		return body;
	}

	makePart(entry, part, className = "") {
		const raw = entry.raw?.[part.id];
		const head = element("div", "xn-part-name", part.name);
		if (part.kind && part.kind !== "none") {
			const ask = () => this.desk.ask({ kind: "raw", pos: entry.pos, part: part.id });
			const back = () => this.desk.receive({ kind: "raw", pos: entry.pos, part: part.id });
			const text = raw ? "rendered" : part.cut ? "open in full" : "raw";
			head.append(button("xn-quiet", text, raw ? back : ask));
		}
		const content = element("div", "xn-content", ...(raw || part.nodes).map(build));
		const folds = !className && !raw && !this.unfolded && content.textContent.length > LONG;
		if (folds) head.append(button("xn-quiet", "unfold", () => this.act("unfold")));
		return element("section", `xn-part ${folds ? "xn-folded" : className}`, head, content);
	}

	makeDetails(entry) {
		const box = element("div", "xn-details");
		for (const chip of entry.chips) box.append(element("span", "xn-chip", chip));
		if (!entry.chips.length) box.append(element("span", "xn-dim", "no metadata"));
		const scores = element("div", "xn-dim");
		if (entry.scores) scores.append(...entry.scores.map((s) => element("span", "xn-chip", s)));
		else scores.append("scores are hidden until this item is decided");
		box.append(scores);
		return box;
	}

	// What a key did is seen where it was not: the item has gone on already.
	drawEcho() {
		const { echo } = this.frame;
		if (echo.textContent === this.desk.echo) return;
		echo.textContent = this.desk.echo;
		echo.className = "xn-echo";
		requestAnimationFrame(() => echo.classList.add("xn-flash"));
	}

	drawSaved() {
		const { desk, frame } = this;
		const { saved, text } = desk.counts;
		const words = [`saved ${saved}`, `pending ${desk.link.pending.size}`, text];
		if (desk.savedAt) words.push(`last save ${new Date(desk.savedAt).toTimeString().slice(0, 8)}`);
		setText(frame.saved, words.filter(Boolean).join(" · "));
	}

	// What is wrong with the way to the store, in plain words; empty if nothing is.
	lineTrouble() {
		const { link } = this.desk;
		const { size } = link.pending;
		const kept = `${size} ${size === 1 ? "decision is" : "decisions are"} kept in this browser`;
		if (link.stuck) return `Not saved: ${link.stuck} ${kept}.`;
		const status = this.desk.kernelStatus();
		if (link.gone || status === "dead" || status === "restarting")
			return `The kernel of this view is gone. ${kept}: run the cell again to save and go on.`;
		if (!link.late) return "";
		const why = status === "busy" ? "The kernel is busy." : "The kernel does not answer.";
		return `${why} ${kept} and saved when it answers; go on labelling.`;
	}

	drawNotices() {
		const { desk, frame } = this;
		const line = this.lineTrouble();
		const said = JSON.stringify([line, desk.trouble, desk.notices]);
		if (said === this.said) return;
		this.said = said;
		const rows = [];
		if (line) rows.push(element("div", "xn-trouble", line));
		if (line && desk.link.stuck)
			rows[0].append(button("xn-quiet", "Try again", () => desk.retry()));
		if (desk.trouble) rows.push(element("div", "xn-trouble", desk.trouble));
		for (const notice of desk.notices) {
			const row = element("div", "xn-notice", notice.text);
			for (const [name, text] of Object.entries(notice.actions || {}))
				row.append(button("xn-quiet", text, () => desk.answerNotice(notice, name)));
			rows.push(row);
		}
		frame.notices.replaceChildren(...rows);
	}

	tick() {
		// Shows other pages that this one lives and will hand its decisions over itself.
		if (this.desk.link.pending.size) this.desk.link.store();
		this.drawNotices();
		this.drawKeys();
	}

	drawKeys() {
		const { root, keys } = this.frame;
		const inside = root.contains(document.activeElement);
		const writing = inside && isField(document.activeElement);
		setText(keys, writing ? "✎ writing" : inside ? "⌨ keys on" : "click or Tab here to turn keys on");
		root.classList.toggle("xn-live", inside);
	}

	drawSheet() {
		const { sheet } = this.desk;
		const node = this.frame.sheet;
		if (sheet === this.sheet) return;
		this.sheet = sheet;
		node.hidden = !sheet;
		if (!sheet) return;
		const rows = sheet.nodes.map(build);
		const links = sheet.links.map(({ text, pos }) =>
			button("xn-quiet", text, () => {
				this.closeSheet();
				this.desk.go(pos);
				this.desk.changed();
			}),
		);
		const close = button("xn-quiet xn-close", "close", () => this.closeSheet());
		node.replaceChildren(close, ...rows, ...links);
		setText(this.frame.news, node.textContent.slice(0, 300));
	}

	closeSheet() {
		this.desk.sheet = null;
		this.desk.changed();
		this.focusRoot();
	}

	focusRoot() {
		this.frame.root.focus({ preventScroll: true });
	}

	// Keys and clicks.

	listen() {
		const { root } = this.frame;
		root.dataset.lmSuppressShortcuts = "true";
		root.addEventListener("focusin", (event) => {
			// The notebook looks its shortcuts up on the element in focus: the mark has to be on it.
			event.target.dataset.lmSuppressShortcuts = "true";
			this.drawKeys();
		});
		root.addEventListener("focusout", () => setTimeout(() => this.drawKeys(), 0));
		this.frame.paper.addEventListener("scroll", () => (this.scrolled = true));
		root.addEventListener("keydown", (event) => this.pressed(event));
		for (const type of ["keyup", "keypress"])
			root.addEventListener(type, (event) => event.stopPropagation());
		root.addEventListener("click", (event) => {
			if (!isField(event.target) && !event.target.closest("summary, a") && this.frame.field.hidden)
				this.focusRoot();
		});
	}

	pressed(event) {
		if (event.isComposing) return;
		if (isField(event.target)) return this.typed(event);
		if (passes(event)) return;
		const inner = event.target !== this.frame.root;
		if (inner && event.target.matches("button, summary, a") && /^(Enter| )$/.test(event.key))
			return event.stopPropagation();
		const modified = event.ctrlKey || event.metaKey;
		const name = commandOf(event, this.desk.setup.commands);
		if (modified && !name) return;
		event.preventDefault();
		event.stopPropagation();
		if (event.repeat) return;
		if (this.desk.sheet && name !== "scroll_down" && name !== "scroll_up") return this.closeSheet();
		const answer = name ? null : answerOf(event, this.desk.dimensions, this.desk.focus);
		if (name) this.act(name);
		else if (answer) this.desk.choose(answer.dimension, answer.value);
		else if (/^[-.\d]$/.test(event.key)) this.startNumber(event.key);
	}

	act(name) {
		const { desk } = this;
		const steps = {
			previous_dimension: () => this.moveFocus(-1),
			next_dimension: () => this.moveFocus(1),
			previous_item: () => desk.go(desk.position - 1),
			next_item: () => desk.go(desk.position + 1),
			accept: () => this.accept(),
			skip: () => desk.skip(),
			flag: () => desk.flag(),
			comment: () => this.openField("comment", desk.label.comment),
			correct: () => this.openField("correct", desk.label.correction ?? ""),
			undo: () => desk.takeBack(),
			redo: () => desk.doAgain(),
			compare: () => (this.compared = !this.compared),
			unfold: () => (this.unfolded = !this.unfolded),
			details: () => (this.detailed = !this.detailed),
			go: () => this.openField("go", ""),
			scroll_up: () => this.scroll(-1),
			scroll_down: () => this.scroll(1),
			auto: () => this.switchAuto(),
			agreement: () => desk.ask({ kind: "agreement" }),
			help: () => desk.on_sheet({ name: "help", nodes: desk.setup.help }),
			leave: () => (desk.trouble = ""),
		};
		desk.fetched = null;
		steps[name]();
		if (["compare", "unfold", "details"].includes(name)) this.shown = null;
		desk.changed();
	}

	moveFocus(by) {
		const count = this.desk.dimensions.length;
		this.desk.focus = (this.desk.focus + by + count) % count;
	}

	goOn() {
		const { desk } = this;
		if (desk.isOpen(desk.label)) desk.focus = desk.firstFocus();
		else desk.advance();
	}

	accept() {
		const dimension = this.desk.dimensions[this.desk.focus];
		if (!dimension.choices.length && !said(this.desk.label, dimension)) this.openTyped(dimension);
		else this.goOn();
	}

	switchAuto() {
		this.desk.auto = !this.desk.auto;
		this.desk.echo = this.desk.auto ? "goes on by itself" : "stays until Enter";
	}

	scroll(by) {
		const box = this.desk.sheet ? this.frame.sheet : this.frame.paper;
		box.scrollTop += by * box.clientHeight * 0.8;
	}

	// Fields for text.

	openTyped(dimension) {
		const { desk } = this;
		desk.focus = desk.dimensions.indexOf(dimension);
		const known = said(desk.label, dimension) ? String(desk.label.answers[dimension.name]) : "";
		this.openField(dimension.name, known, dimension);
		desk.changed();
	}

	startNumber(key) {
		const dimension = this.desk.dimensions[this.desk.focus];
		if (dimension.kind !== "number") return;
		this.openTyped(dimension);
		this.input.value = key;
	}

	openField(name, value, dimension = null) {
		const written = [name, dimension?.range ?? "", dimension?.kind === "text"];
		const [label, hint, long] = dimension ? written : FIELDS[name];
		const input = element(long ? "textarea" : "input", "xn-input");
		input.value = value;
		input.placeholder = hint;
		input.ariaLabel = label;
		const words = long ? "Ctrl+Enter saves and goes on · Esc saves" : "Enter · Esc";
		const { field, commands } = this.frame;
		field.replaceChildren(element("span", "xn-name", label), input, element("span", "xn-dim", words));
		commands.hidden = true;
		field.hidden = false;
		this.input = input;
		this.open = { name, dimension, value, position: this.desk.position };
		input.addEventListener("blur", () => this.closeField());
		input.focus({ preventScroll: true });
	}

	typed(event) {
		event.stopPropagation();
		const modified = event.ctrlKey || event.metaKey;
		const ends = event.key === "Enter" && (modified || event.target.tagName === "INPUT");
		if (event.key === "Escape" || ends) {
			event.preventDefault();
			this.closeField(ends);
			this.focusRoot();
		}
	}

	// What was written is kept however the field is left; nothing typed is lost.
	closeField(goOn = false) {
		const { open, desk, input } = this;
		if (!open) return;
		// The text belongs to the item it was begun on; while nothing is taken, the field stays.
		if (open.name !== "go" && open.position !== desk.position) desk.go(open.position);
		if (open.name !== "go" && !desk.mayDecide()) return desk.changed();
		this.open = null;
		this.frame.field.hidden = true;
		this.frame.commands.hidden = false;
		const text = input.value.trim();
		if (open.name === "go") this.goTo(text);
		else if (text !== open.value.trim()) this.keep(open, text, goOn);
		else if (goOn) this.goOn();
		desk.changed();
	}

	goTo(text) {
		const number = Number.parseInt(text, 10);
		if (number >= 1) this.desk.go(number - 1);
	}

	keep({ name, dimension }, text, goOn) {
		const { desk } = this;
		if (!dimension) {
			if (!desk.decide(name, { value: text || null })) return;
			desk.echo = `${name} kept`;
			if (goOn && !desk.isOpen(desk.label)) desk.advance();
		} else if (!text) desk.decide("clear", { dimension: dimension.name });
		else if (dimension.kind === "text") this.answer(dimension, text, goOn);
		else this.answerNumber(dimension, text, goOn);
	}

	answer(dimension, value, goOn) {
		const auto = this.desk.auto;
		this.desk.auto = goOn && auto;
		this.desk.choose(dimension, value);
		this.desk.auto = auto;
	}

	answerNumber(dimension, text, goOn) {
		const value = Number(/,\d{3}$/.test(text) ? NaN : text.replace(",", "."));
		const problem = numberProblem(dimension, value);
		if (problem) this.desk.warn(`${dimension.name}: ${text} is not ${problem}.`);
		else this.answer(dimension, value, goOn);
	}
}

export function numberProblem({ minimum: low, maximum: high, step }, value) {
	if (!Number.isFinite(value)) return "a number";
	if (low !== null && value < low) return `at least ${low}`;
	if (high !== null && value > high) return `at most ${high}`;
	const steps = step === null ? 0 : (value - (low ?? 0)) / step;
	return Math.abs(steps - Math.round(steps)) <= 1e-6 ? "" : `a step of ${step}`;
}

function isField(node) {
	return node.matches("input, textarea");
}
