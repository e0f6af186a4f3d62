// The live view of a run. It draws the `state` trait, which Python renews at most five times a
// second, and sends what is pressed as messages. Whatever comes from data goes into text nodes.

const LABELS = { pause: "‖ Pause", resume: "▶ Resume", stop: "■ Stop", retry: "↻ Retry failed" };

function element(name, className, ...children) {
	const node = document.createElement(name);
	if (className) node.className = className;
	node.append(...children);
	return node;
}

function setText(node, text) {
	if (node.textContent !== text) node.textContent = text;
}

// Keep as many children as there are values, and let `update` fill each in place, so that
// nothing that is focused, opened or selected is thrown away by a refresh.
function fill(parent, values, create, update) {
	while (parent.children.length > values.length) parent.lastChild.remove();
	while (parent.children.length < values.length) parent.append(create());
	values.forEach((value, i) => update(parent.children[i], value));
}

function makeBar() {
	const done = element("div", "xn-done");
	const failed = element("div", "xn-failed");
	const bar = element("div", "xn-bar", done, failed);
	bar.setAttribute("role", "progressbar");
	bar.setAttribute("aria-valuemin", "0");
	return {
		node: bar,
		update(state) {
			const share = (n) => `${state.planned ? (100 * n) / state.planned : 0}%`;
			done.style.width = share(state.succeeded);
			failed.style.width = share(state.failed);
			bar.setAttribute("aria-valuemax", state.planned);
			bar.setAttribute("aria-valuenow", state.done);
			bar.setAttribute("aria-valuetext", `${state.done} of ${state.planned}`);
		},
	};
}

function makeButtons(model) {
	const node = element("div", "xn-buttons");
	const buttons = Object.fromEntries(
		Object.entries(LABELS).map(([action, label]) => {
			const button = element("button", "xn-button", label);
			button.type = "button";
			button.addEventListener("click", () => model.send({ action }));
			node.append(button);
			return [action, button];
		}),
	);
	return {
		node,
		update(state) {
			for (const [action, button] of Object.entries(buttons)) {
				const wanted = state.actions.includes(action);
				const focused = button === document.activeElement;
				button.hidden = !wanted;
				if (focused && !wanted) (node.querySelector("button:not([hidden])") || node).focus();
			}
		},
	};
}

function makeErrors() {
	const node = element("div", "xn-errors");
	const create = () => {
		const details = element("details", "", element("summary"), element("div", "xn-message"));
		return details;
	};
	return {
		node,
		update(state) {
			fill(node, state.errors, create, (details, error) => {
				setText(details.firstChild, `${error.count} × ${error.kind}`);
				setText(details.lastChild, `first: item ${error.item} · ${error.message}`);
			});
		},
	};
}

function makeTable() {
	const head = element("tr");
	const body = element("tbody");
	const table = element("table", "", element("thead", "", head), body);
	const node = element("div", "xn-table", table);
	const cells = (row, name, texts) =>
		fill(row, texts, () => element(name), (cell, text) => {
			setText(cell, text);
			cell.title = text;
		});
	return {
		node,
		update(state) {
			node.hidden = state.rows.length === 0;
			cells(head, "th", ["item", "status", "output", ...state.columns, "latency"]);
			fill(body, state.rows, () => element("tr"), (row, values) => {
				row.className = values.failed ? "xn-bad" : "";
				cells(row, "td", values.cells);
			});
			for (const row of [head, ...body.children])
				[...row.children].forEach((cell, i) => cell.classList.toggle("xn-num", i > 2));
		},
	};
}

// Jupyter's shortcuts are looked up on the element that has the focus, so the mark that turns
// them off has to be on that very element, whichever it is.
function guardKeys(root) {
	const mark = (event) => {
		event.target.dataset.lmSuppressShortcuts = "true";
	};
	root.addEventListener("focusin", mark);
	return () => root.removeEventListener("focusin", mark);
}

function render({ model, el }) {
	const label = element("strong", "xn-run-label");
	const status = element("span", "xn-status");
	const count = element("span", "xn-count");
	const figures = element("div", "xn-figures");
	const scores = element("div", "xn-scores");
	const trouble = element("div", "xn-trouble");
	const news = element("div", "xn-news");
	const bar = makeBar();
	const buttons = makeButtons(model);
	const parts = [bar, buttons, makeErrors(), makeTable()];
	trouble.setAttribute("role", "alert");
	news.setAttribute("role", "status");
	const root = element(
		"div",
		"xn-run",
		element("div", "xn-head", label, status),
		trouble,
		element("div", "xn-line", bar.node, count, buttons.node),
		figures,
		scores,
		parts[2].node,
		parts[3].node,
		news,
	);

	const update = () => {
		const state = model.get("state");
		root.hidden = !state.label && !state.trouble;
		setText(trouble, state.trouble || "");
		trouble.hidden = !state.trouble;
		if (!state.label) return;
		setText(label, state.label);
		setText(status, state.status);
		status.dataset.status = state.status;
		setText(count, `${state.done} / ${state.planned}`);
		setText(figures, state.figures.join(" · "));
		fill(scores, state.scores, () => element("span", "xn-score"), (node, score) => {
			fill(node, ["xn-name", "xn-value", "xn-note"], () => element("span"), (span, name, i) => {
				span.className = name;
			});
			setText(node.children[0], score.name);
			setText(node.children[1], score.figure);
			setText(node.children[2], score.note);
		});
		for (const part of parts) part.update(state);
		// Only milestones are announced, not every refresh.
		setText(news, state.status === "running" ? "" : `${state.label} ${state.status}`);
	};

	update();
	el.append(root);
	model.on("change:state", update);
	const unguard = guardKeys(root);
	return () => {
		model.off("change:state", update);
		unguard();
	};
}

export default { render };
