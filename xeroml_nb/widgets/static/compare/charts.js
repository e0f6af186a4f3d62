// Charts in plain elements: differences with their intervals, items before and after.

// One of several marks takes part in the order of Tab; arrows move between them.
function rove(marks, to) {
	marks.forEach((mark, i) => {
		mark.tabIndex = i === to ? 0 : -1;
	});
}

function moveFocus(marks, by) {
	const from = marks.indexOf(document.activeElement);
	const to = Math.max(0, Math.min(marks.length - 1, from + by));
	if (!marks.length) return;
	rove(marks, to);
	marks[to].focus();
}

function at(node, left, width) {
	node.style.left = `${50 + 50 * left}%`;
	if (width !== undefined) node.style.width = `${50 * width}%`;
	return node;
}

function laneOf({ lane, tone }) {
	const made = element("span", "xn-lane");
	made.ariaHidden = "true";
	if (!lane) return made;
	made.append(element("span", "xn-zero"));
	const [low, middle, high] = lane;
	const colour = TONES[tone] ?? "";
	if (low !== null && high !== null) made.append(at(element("span", `xn-interval ${colour}`), low, high - low));
	if (middle !== null) made.append(at(element("span", `xn-point ${colour}`), middle));
	return made;
}

// The forest: a row for each score and candidate.
function makeForest(page) {
	const rows = element("div", "xn-rows");
	rows.role = "listbox";
	rows.ariaLabel = "scores: differences from the baseline";
	const more = element("div", "xn-dim");
	const node = element("div", "xn-forest", rows, more);
	let drawn = "";
	const makeRow = (row, index, head) => {
		const made = element(
			"div", "xn-difference",
			named("xn-name", row.of ? `${row.name} · ${row.of}` : row.name),
			element("span", "xn-means", row.means), laneOf(row),
			element("span", "xn-axis", row.lane ? `±${row.axis}` : ""),
			element("span", "xn-gap", row.text), element("span", "xn-p", row.p),
			element("span", "xn-word", toned(row.tone), row.verdict),
		);
		made.role = "option";
		made.title = row.title;
		made.ariaLabel = row.title;
		made.addEventListener("click", () => page.chooseScore(row.score, row.run));
		return made;
	};
	return {
		node,
		get marks() {
			return [...rows.children];
		},
		update(head) {
			const now = JSON.stringify(head.rows);
			if (now !== drawn) rows.replaceChildren(...head.rows.map((row, i) => makeRow(row, i, head)));
			drawn = now;
			const chosen = head.rows.findIndex((r) => r.score === head.score && r.run === head.run);
			this.marks.forEach((mark, i) => {
				mark.ariaSelected = String(i === chosen);
			});
			if (!rows.contains(document.activeElement)) rove(this.marks, Math.max(0, chosen));
			setText(more, head.more ? `${head.more} more rows: choose their score in the list` : "");
			more.hidden = !head.more;
		},
	};
}

// The dumbbells: changed items, from the baseline's dot to the run's.
function makeDumbbell(page) {
	const node = element("div", "xn-dumbbell");
	const makeDot = ([place, from, to, words], word) => {
		const made = pressable("xn-dot", "", () => page.toggle(place));
		const stem = element("span", `xn-stem ${TONES[word] ?? ""}`);
		stem.style.bottom = `${100 * Math.min(from, to)}%`;
		stem.style.height = `${100 * Math.abs(to - from)}%`;
		const start = element("span", "xn-start");
		start.style.bottom = `${100 * from}%`;
		const end = element("span", `xn-end ${TONES[word] ?? ""}`, SIGNS[word]);
		end.style.bottom = `${100 * to}%`;
		made.append(element("span", "xn-pole", stem, start, end));
		made.title = words;
		made.ariaLabel = `${word}: ${words}`;
		made.dataset.place = place;
		return made;
	};
	const makeSide = ({ count, word, dots }, marks) => {
		const shown = dots.length < count ? `${dots.length} largest of ${count}` : `${count}`;
		const strip = element("div", "xn-strip", ...dots.map((dot) => makeDot(dot, word)));
		const axis = element(
			"div", "xn-scale", element("span", "", marks.high), element("span", "", marks.low),
		);
		const caption = element("div", "xn-dim", toned(word), `${shown} ${word}`);
		return element("div", "xn-side", caption, element("div", "xn-plot", axis, strip));
	};
	return {
		node,
		get marks() {
			return [...node.querySelectorAll(".xn-dot")];
		},
		update(head, marks) {
			const focused = this.marks.indexOf(document.activeElement);
			node.replaceChildren();
			if (head.shares) node.append(...sharesOf(head));
			else if (marks) node.append(...marks.sides.map((side) => makeSide(side, marks)));
			rove(this.marks, Math.max(0, focused));
			if (focused >= 0) this.marks[focused]?.focus();
			this.show(page.opened);
		},
		show(place) {
			for (const mark of this.marks) mark.ariaPressed = String(Number(mark.dataset.place) === place);
		},
	};
}

// Of categories: each one's share in the baseline and in the run.
function sharesOf({ shares, title: [run, baseline] }) {
	const percent = (share) => `${(100 * share).toFixed(1)} %`;
	const rows = shares.map(([name, before, after]) => {
		const lane = element("span", "xn-lane xn-whole");
		lane.ariaHidden = "true";
		const stem = element("span", "xn-interval");
		const start = element("span", "xn-start");
		const end = element("span", "xn-point");
		stem.style.left = `${100 * Math.min(before, after)}%`;
		stem.style.width = `${100 * Math.abs(after - before)}%`;
		start.style.left = `${100 * before}%`;
		end.style.left = `${100 * after}%`;
		lane.append(stem, start, end);
		const text = element("span", "xn-gap", `${percent(before)} → ${percent(after)}`);
		const made = element("div", "xn-share", named("xn-name", name), lane, text);
		made.title = `${name}: ${percent(before)} in ${baseline}, ${percent(after)} in ${run}`;
		return made;
	});
	const caption = element("div", "xn-dim", "share of each category, baseline ● to run ◆");
	return [element("div", "xn-shares", caption, ...rows)];
}
