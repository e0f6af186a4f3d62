// What stands above the items: what is compared, by which score, and the verdict on it.

const SIGNS = {
	better: "▲", worse: "▼", improved: "▲", higher: "▲", regressed: "▼", lower: "▼", changed: "◆",
};

// What a sign means for the colour beside it; the sign and a word always stand there too.
const TONES = {
	better: "xn-better", improved: "xn-better", worse: "xn-worse", regressed: "xn-worse",
};

const NOTES = 2;

function pressable(className, text, act) {
	const made = element("button", className, text);
	made.type = "button";
	made.addEventListener("click", act);
	return made;
}

function named(className, text) {
	const made = element("span", className, text);
	made.title = text;
	return made;
}

function toned(tone) {
	const made = element("span", `xn-sign ${TONES[tone] ?? ""}`, SIGNS[tone] ?? "");
	made.ariaHidden = "true";
	return made;
}

function makeHead(page) {
	const title = element("div", "xn-title");
	const score = element("select", "xn-by");
	score.ariaLabel = "score";
	score.addEventListener("change", () => page.chooseScore(Number(score.value), page.head.run));
	const scores = element("label", "xn-field", "score ", score);
	const runs = makeRuns(page);
	const verdict = element("div", "xn-verdict");
	const counts = element("div", "xn-counts");
	const notes = element("ul", "xn-notes");
	const top = element("div", "xn-top", title, scores, runs.button);
	return {
		close: runs.close,
		node: element("div", "xn-summary", top, runs.node, verdict, counts, notes),
		update(state) {
			runs.update(state);
			const { head } = state;
			scores.hidden = verdict.hidden = counts.hidden = notes.hidden = !head;
			if (!head) return title.replaceChildren("Comparison");
			const [run, baseline] = head.title;
			const more = head.others ? ` and ${head.others} more` : "";
			title.replaceChildren(
				element("strong", "xn-who", run), element("span", "xn-dim", `${more} against `),
				element("strong", "xn-who", baseline),
			);
			score.replaceChildren(...head.scores.map((name, i) => new Option(name, i, i === head.score, i === head.score)));
			const row = head.rows.find((r) => r.score === head.score && r.run === head.run);
			verdict.replaceChildren(toned(row?.tone), head.verdict);
			setText(counts, head.counts);
			const lines = head.notes.map((note) => element("li", "", note));
			notes.replaceChildren(...lines.slice(0, NOTES));
			if (lines.length > NOTES) {
				const summary = element("summary", "", `${lines.length - NOTES} more notes`);
				notes.append(element("details", "", summary, ...lines.slice(NOTES)));
			}
			notes.hidden = !head.notes.length;
		},
	};
}

// The runs to choose from: one is the baseline, one or more are held against it.
function makeRuns(page) {
	const list = element("div", "xn-list");
	const name = `baseline-${Math.random()}`;
	let compared = "";
	const chosen = () => {
		const ticked = (type) =>
			[...list.querySelectorAll(`input[type=${type}]:checked`)].map((box) => box.value);
		const [baseline] = ticked("radio");
		const others = ticked("checkbox").filter((id) => id !== baseline);
		return baseline ? [baseline, ...others] : others;
	};
	const compare = pressable("xn-primary", "Compare", () => page.ask("choose", { runs: chosen() }));
	const node = element(
		"div", "xn-runs",
		element("div", "xn-dim", "baseline · compared with it"), list, compare,
	);
	node.hidden = true;
	const button = pressable("", "Runs ▾", () => {
		node.hidden = !node.hidden;
		button.ariaExpanded = String(!node.hidden);
		if (!node.hidden) list.querySelector("input")?.focus();
	});
	button.ariaExpanded = "false";
	const choice = (type, run, checked, words) => {
		const box = element("input");
		Object.assign(box, { type, value: run.id, checked, ariaLabel: `${words} ${run.label}` });
		if (type === "radio") box.name = name;
		return element("label", "xn-choice", box);
	};
	return {
		node,
		button,
		close() {
			const open = !node.hidden;
			node.hidden = true;
			button.ariaExpanded = "false";
			if (open) button.focus();
			return open;
		},
		update({ runs, chosen: [baseline, ...others], head }) {
			const now = [baseline, ...others].join();
			if (!head) node.hidden = false;
			else if (now !== compared) this.close();
			compared = now;
			const focused = list.contains(document.activeElement);
			list.replaceChildren(
				...runs.map((run) => element(
					"div", "xn-offer",
					choice("radio", run, run.id === baseline, "baseline"),
					choice("checkbox", run, others.includes(run.id), "compare"),
					named("xn-name", run.label), element("span", "xn-dim", run.note),
				)),
			);
			if (focused) list.querySelector("input:checked")?.focus();
		},
	};
}
