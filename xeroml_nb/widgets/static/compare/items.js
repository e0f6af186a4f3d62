// The items: filters, a page of rows, and one item opened below them.

const DIFFERS = "what differs: struck out is only in the baseline, underlined only in the run";

function makeFilter(page) {
	const chips = element("div", "xn-chips");
	chips.role = "group";
	chips.ariaLabel = "which items";
	const field = (name, label, placeholder) => {
		const made = element("input", "xn-input");
		Object.assign(made, { type: "text", placeholder, ariaLabel: label, spellcheck: false });
		made.addEventListener("change", () => page.filterBy({ [name]: made.value }));
		return made;
	};
	const conditions = field("conditions", "conditions", "language=de, score < 0.5");
	const words = field("words", "search words in input and outputs", "words in input or output");
	const clear = pressable("", "Clear", () => {
		conditions.value = words.value = "";
		page.filterBy({ change: "", people: "", conditions: "", words: "" });
	});
	const chip = (text, tone, count, on, act, may = count > 0 || on) => {
		const made = pressable("xn-chip", "", act);
		if (SIGNS[tone]) made.append(toned(tone));
		made.append(`${text} `, element("span", "xn-many", count.toLocaleString("en")));
		made.ariaPressed = String(on);
		made.disabled = !may;
		return made;
	};
	return {
		node: element(
			"div", "xn-filter", chips,
			element(
				"div", "xn-inputs", element("label", "xn-field", "where ", conditions),
				element("label", "xn-field", "search ", words), clear,
			),
		),
		words,
		update(head, filter, said = head.people) {
			const focused = [...chips.children].indexOf(document.activeElement);
			const change = (word) => () => page.filterBy({ change: filter.change === word ? "" : word });
			const people = (word) => () => page.filterBy({ people: filter.people === word ? "" : word });
			chips.replaceChildren(
				chip("all", "", head.total, !filter.change && !filter.people, () =>
					page.filterBy({ change: "", people: "" })),
				...head.changes.map(([word, count]) =>
					chip(word, word, count, filter.change === word, change(word))),
				...Object.entries(said).map(([word, count]) =>
					chip(word, "", count, filter.people === word, people(word), true)),
			);
			if (focused >= 0) chips.children[focused]?.focus();
		},
	};
}

function makeTable(page) {
	const heads = ["", "item", "", "", "Δ", "change", "input", ""].map((text) => element("th", "", text));
	const body = element("tbody");
	const table = element("table", "xn-items", element("thead", "", element("tr", "", ...heads)), body);
	table.role = "grid";
	table.ariaLabel = "items";
	const box = element("div", "xn-box", table);
	const empty = element("div", "xn-empty xn-dim");
	const told = element("span", "xn-told");
	told.role = "status";
	const before = pressable("", "‹ prev", () => page.turn(-1));
	const after = pressable("", "next ›", () => page.turn(1));
	const where = element("span", "xn-where");
	const label = pressable("xn-primary", "Label these", () => page.label());
	const uncheck = pressable("", "Uncheck", () => page.check([]));
	const foot = element("div", "xn-pager", before, where, after, told, uncheck, label);

	const makeRow = ([place, id, from, to, delta, change, input]) => {
		const box = element("input");
		Object.assign(box, { type: "checkbox", tabIndex: -1, ariaLabel: `check ${id}` });
		box.addEventListener("change", () => page.checkOne(place, box.checked));
		const mark = element("span", "xn-more", "▸");
		const made = element(
			"tr", "xn-row", element("td", "", element("label", "xn-choice", box)),
			element("td", "xn-id", named("", id)), element("td", "", named("", from)),
			element("td", "", named("", to)),
			element("td", "", toned(change), delta), element("td", "", change),
			element("td", "xn-input-text", named("", input)), element("td", "", mark),
		);
		made.ariaLabel = `${id}: ${from} → ${to}, ${change}`;
		made.dataset.place = place;
		made.addEventListener("click", (event) => {
			if (event.target.closest("label")) return;
			page.cursorTo(place);
			page.toggle(place);
		});
		return made;
	};
	return {
		node: element("div", "xn-listing", box, empty, foot),
		get rows() {
			return [...body.children];
		},
		update(head, answer) {
			heads[2].replaceChildren(named("", head.title[1]));
			heads[3].replaceChildren(named("", head.title[0]));
			const focused = body.contains(document.activeElement);
			body.replaceChildren(...answer.rows.map(makeRow));
			box.scrollTop = 0;
			box.style.setProperty("--xn-shown", Math.min(head.total, 9));
			setText(empty, answer.total ? "" : "No item is left; clear the filter.");
			const last = answer.start + answer.rows.length;
			setText(where, answer.total ? `${answer.start + 1}–${last} of ${answer.total.toLocaleString("en")}` : "0 items");
			setText(told, answer.told);
			before.disabled = answer.start === 0;
			after.disabled = last >= answer.total;
			rove(this.rows, Math.min(page.cursor, answer.rows.length - 1));
			if (focused) this.focus();
			this.marks();
		},
		focus() {
			const row = this.rows.find((r) => r.tabIndex === 0) ?? this.rows[0];
			row?.focus();
		},
		// What is checked and what is open.
		marks() {
			for (const row of this.rows) {
				const place = Number(row.dataset.place);
				row.querySelector("input").checked = page.checked.has(place);
				row.ariaExpanded = String(place === page.opened);
				setText(row.querySelector(".xn-more"), place === page.opened ? "▾" : "▸");
			}
			const count = page.checked.size || page.answer.total;
			setText(label, page.checked.size ? `Label ${count} checked` : `Label these ${count.toLocaleString("en")}`);
			label.disabled = !count;
			uncheck.hidden = !page.checked.size;
		},
	};
}

// One item: what went in, what came out of both, how that differs, all that is known of it.
function makePane(page) {
	const node = element("div", "xn-pane");
	node.hidden = true;
	node.tabIndex = 0;
	node.role = "region";
	const content = (className, nodes) => element("div", `xn-content ${className}`, ...nodes.map(build));
	const part = (name, ...inside) =>
		element("section", "xn-part", element("div", "xn-part-name", name), ...inside);
	const traces = [];

	const makeSide = (item, side, index) => {
		const shown = element("div", "xn-trace");
		const button = pressable("", "trace ▸", () => {
			const open = shown.childElementCount > 0;
			setText(button, open ? "trace ▸" : "trace ▾");
			if (open) shown.replaceChildren();
			else page.ask("trace", { place: item.place, side: index });
		});
		button.disabled = !side.traced;
		traces[index] = shown;
		const name = element(
			"div", "xn-part-name", element("strong", "", side.label),
			element("span", "", [index ? "" : "baseline", side.latency].filter(Boolean).join(" · ")), button,
		);
		const error = side.error ? [element("pre", "xn-error", side.error)] : [];
		return element("section", "xn-part xn-output", name, content("", side.nodes), ...error, shown);
	};
	const makeScores = ({ scores, sides }) => {
		const row = (kind, cells) => element("tr", "", ...cells.map((cell) => element(kind, "", cell)));
		const heads = row("th", ["score", sides[0].label, sides[1].label, "Δ"]);
		const rows = scores.map(([name, giver, ...values]) => row("td", [giver ? `${name} (${giver})` : name, ...values]));
		return element("table", "xn-both", element("thead", "", heads), element("tbody", "", ...rows));
	};
	return {
		node,
		update(item) {
			node.hidden = false;
			node.ariaLabel = `item ${item.title}`;
			const close = pressable("", "Close ✕", () => page.toggle(item.place));
			const chips = item.chips.map((chip) => element("span", "xn-tag", chip));
			const head = element(
				"div", "xn-pane-head", element("strong", "", item.title),
				element("span", "", toned(item.change), item.change), close,
			);
			node.replaceChildren(head, element("div", "", ...chips));
			node.append(...item.parts.map(({ name, nodes }) => part(name, content("", nodes))));
			node.append(element("div", "xn-sides", ...item.sides.map((s, i) => makeSide(item, s, i))));
			if (item.diff) node.append(part(DIFFERS, content("", item.diff)));
			if (item.scores.length) node.append(part("scores", makeScores(item)));
			if (item.people.length) node.append(part("what people said", ...item.people.map((line) => element("p", "", line))));
			if (item.note) node.append(element("p", "xn-dim", item.note));
			node.scrollTop = 0;
		},
		trace({ side, nodes }) {
			traces[side]?.replaceChildren(...nodes.map(build));
		},
		close() {
			node.hidden = true;
			node.replaceChildren();
		},
	};
}
