// How the desk and its views come to life in a notebook.

const desks = new Map();

function deskOf(model) {
	const setup = model.get("setup");
	if (!desks.has(setup.id)) desks.set(setup.id, makeDesk(model, setup));
	return desks.get(setup.id);
}

function makeDesk(model, setup) {
	const now = () => Date.now();
	const session = crypto.getRandomValues(new Uint32Array(4)).join("-");
	const prefix = `xn-label:${setup.queue}:${setup.annotator}:`;
	const send = (message) => model.send(message);
	const link = new Link({ send, prefix, session, storage: window.localStorage, now });
	const desk = new Desk({ setup, link, now });
	desk.kernelStatus = () => model.widget_manager?.kernel?.status ?? "";
	desk.answerNotice = (notice, name) => {
		desk.notices = desk.notices.filter((n) => n !== notice);
		if (name !== "keep") desk.ask({ kind: name });
		desk.changed();
	};
	model.on("msg:custom", (message) => desk.receive(message));
	model.on("comm_live_update", () => {
		link.gone = true;
		desk.changed();
	});
	return desk;
}

// Who labels is asked once, where nobody said it.
function askName(model, el) {
	const input = element("input", "xn-input");
	input.setAttribute("aria-label", "Who labels?");
	const begin = button("xn-answer", "Start", () => {
		if (input.value.trim()) model.send({ kind: "annotator", name: input.value.trim() });
	});
	const trouble = element("span", "xn-dim");
	const form = element("div", "xn-label xn-ask", "Who labels?", input, begin, trouble);
	form.addEventListener("focusin", (event) => {
		event.target.dataset.lmSuppressShortcuts = "true";
	});
	form.addEventListener("keydown", (event) => {
		event.stopPropagation();
		if (event.key === "Enter") begin.click();
	});
	model.on("msg:custom", (message) => {
		if (message.kind === "trouble") setText(trouble, message.text);
	});
	el.replaceChildren(form);
}

function render({ model, el }) {
	let view = null;
	const begin = () => {
		view?.remove();
		view = null;
		el.replaceChildren();
		if (!model.get("setup").annotator) return askName(model, el);
		view = new View(deskOf(model), el);
		model.send({ kind: "hello" });
	};
	begin();
	model.on("change:setup", begin);
	return () => {
		model.off("change:setup", begin);
		view?.remove();
	};
}

export default { render };
