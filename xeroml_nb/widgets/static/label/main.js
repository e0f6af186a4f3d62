// How the desk and its views come to life in a notebook.

// What a view's own model listens to ends with that view; the first model stays.
const models = new Map();
const desks = new Map();

function initialize({ model }) {
	models.set(model.get("setup").id, model);
}

function deskOf(model) {
	const setup = model.get("setup");
	if (!desks.has(setup.id)) desks.set(setup.id, makeDesk(models.get(setup.id) ?? model, setup));
	return desks.get(setup.id);
}

function storageOf() {
	try {
		return window.localStorage;
	} catch {
		return null;
	}
}

function makeDesk(model, setup) {
	const now = () => Date.now();
	const session = crypto.getRandomValues(new Uint32Array(4)).join("-");
	const prefix = `xn-label:${setup.queue}:${setup.annotator}:`;
	const send = (message) => model.send(message);
	const link = new Link({ send, prefix, session, storage: storageOf(), now });
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

function render({ model, el }) {
	let view = null;
	const begin = () => {
		view?.remove();
		view = null;
		el.replaceChildren();
		// Nothing is shown before somebody has said who labels.
		if (!model.get("setup").annotator) return;
		view = new View(deskOf(model), el);
		view.desk.link.post({ kind: "hello" });
	};
	begin();
	model.on("change:setup", begin);
	return () => {
		model.off("change:setup", begin);
		view?.remove();
	};
}

export default { initialize, render };
