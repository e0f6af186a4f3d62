// What the tests of the label module stand on: links, desks and models with no notebook around
// them. The module itself is `m`, the time is `time.now`.

const ORIGIN = 1_700_000_000_000;
const dateNow = Date.now;
const storage = Object.getOwnPropertyDescriptor(window, "localStorage");

window.closers = [];
window.reached = [];
for (const type of ["keydown", "keyup", "keypress"])
  document.addEventListener(type, (event) => reached.push(event.key));
window.time = { now: ORIGIN };

// Empty the page.
function begin() {
  for (const close of window.closers.splice(0)) close();
  document.body.replaceChildren();
  Date.now = dateNow;
  Object.defineProperty(window, "localStorage", storage);
  localStorage.clear();
  time.now = ORIGIN;
  delete window.hacked;
}

function now() {
  return window.time.now;
}

// After everything that was put off for a moment.
function later() {
  return new Promise((done) => setTimeout(done, 0));
}

function asJson(value) {
  return JSON.parse(JSON.stringify(value));
}

function makeLink(more = {}) {
  const sent = [];
  const send = (message) => sent.push(asJson(message));
  const storage = window.localStorage;
  const link = new m.Link({ send, prefix: "p:", session: "s", storage, now, ...more });
  const hand = (decision) => link.deliver(link.add(decision));
  return { link, sent, hand };
}

function makeEntry(pos, label = {}) {
  const output = { name: "output", kind: "text", nodes: [["p", `out ${pos}`]], cut: 0 };
  const nothing = { before: [], after: [], diff: null, chips: [] };
  return { pos, title: `i${pos}`, outputs: [output], ...nothing, label: makeLabel(label) };
}

function makeLabel(label = {}) {
  return asJson({ ...m.blank(), carried: false, ...label });
}

function makeEntries(from, count, labels = {}) {
  return Array.from({ length: count }, (_, k) => makeEntry(from + k, labels[from + k]));
}

// A desk with all that belongs to it, in `desk`, `link` and `sent`.
function stand(setup, { total, loaded = total, at = 0, labels = {} }) {
  const counts = { done: 0, saved: 0, text: "" };
  const first = { entries: makeEntries(0, loaded, labels), total, counts, at };
  const { link, sent } = makeLink();
  const desk = new m.Desk({ setup: { ...setup, counts, first }, link, now });
  desk.kernelStatus = () => "idle";
  desk.answerNotice = () => {};
  Object.assign(window, { desk, link, sent });
}

function dimension(name) {
  return desk.dimensions.find((one) => one.name === name);
}

function choose(name, value) {
  desk.choose(dimension(name), value);
}

function ack(seq, pos, label = {}, more = {}) {
  const told = { session: "s", seq, pos, label: makeLabel(label), entries: [] };
  desk.receive({ kind: "ack", total: desk.total, ...told, ...more });
}

// What a test wants to know of the desk.
function look() {
  return {
    position: desk.position,
    focus: desk.dimensions[desk.focus].name,
    answers: [...desk.entries.values()].map(({ label }) => label.answers),
    label: desk.label,
    echo: desk.echo,
    trouble: desk.trouble,
    pending: [...link.pending.keys()],
    actions: sent.filter((s) => s.kind === "decide").map((s) => [s.action, s.pos, s.value]),
    asked: sent.filter((s) => s.kind !== "decide"),
  };
}

// The part of a widget's model that the module uses.
function makeModel(setup) {
  const heard = { "msg:custom": new Set(), "change:setup": new Set(), comm_live_update: new Set() };
  return {
    heard,
    sent: [],
    broken: false,
    widget_manager: { kernel: { status: "idle" } },
    get: (name) => ({ setup })[name],
    set: () => {},
    save_changes: () => {},
    on: (name, hear) => heard[name].add(hear),
    off: (name, hear) => heard[name].delete(hear),
    tell: (name, content) => heard[name].forEach((hear) => hear(content)),
    send(message) {
      if (this.broken) throw new Error("the comm is closed");
      this.sent.push(asJson(message));
    },
    change(to) {
      setup = to;
      this.tell("change:setup");
    },
  };
}

// A view's own model, as the notebook gives it: what it listens to ends with the view.
function ownModel(model) {
  const own = [];
  const on = (name, hear) => {
    own.push([name, hear]);
    model.on(name, hear);
  };
  const end = () => own.forEach(([name, hear]) => model.off(name, hear));
  const send = (message) => model.send(message);
  return { seen: { ...model, on, send }, end };
}

const begun = new WeakSet();

// Show a labeller in a box of its own; the last of `closers` closes it.
function show(model) {
  if (!begun.has(model)) m.default.initialize?.({ model });
  begun.add(model);
  const el = document.body.appendChild(document.createElement("div"));
  const { seen, end } = ownModel(model);
  const close = m.default.render({ model: seen, el });
  closers.push(() => {
    close();
    end();
    el.remove();
  });
}

function press(target, given) {
  const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...given });
  target.dispatchEvent(event);
  return event.defaultPrevented;
}

Object.assign(window, { makeLink, makeEntry, makeEntries, makeLabel, stand, dimension, choose });
Object.assign(window, { begin, later, ack, look, makeModel, show, press });
