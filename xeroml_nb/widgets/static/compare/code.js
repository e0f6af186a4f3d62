// What produced the run and not the baseline; asked for when it is opened.

function makeCode(page) {
	const summary = element("summary", "", "what changed in the task cell");
	const text = element("div", "xn-content");
	const node = element("details", "xn-made-by", summary, text);
	node.addEventListener("toggle", () => node.open && page.ask("code", {}));
	return {
		node,
		close() {
			node.open = false;
			text.replaceChildren();
		},
		show({ nodes }) {
			text.replaceChildren(...nodes.map(build));
		},
	};
}
