// Decisions on their way to Python. Each is kept, also in the browser's own storage, until Python
// says that it is on disk; whatever happens to the kernel meanwhile, none is lost or doubled.

const MOST_KEPT = 500;
const PATIENCE = 2000;

export class Link {
	constructor({ send, prefix, session, storage, now }) {
		Object.assign(this, { send, prefix, session, storage, now });
		this.pending = new Map();
		this.next = 1;
		this.gone = false;
		this.stuck = "";
	}

	get isFull() {
		return this.pending.size >= MOST_KEPT;
	}

	// Milliseconds that the oldest decision waits beyond what is usual; 0 if none does.
	get late() {
		const [first] = this.pending.values();
		return first && this.now() - first.at > PATIENCE ? this.now() - first.at : 0;
	}

	add(decision) {
		const message = { kind: "decide", session: this.session, seq: this.next++, ...decision };
		this.pending.set(message.seq, { message, at: this.now() });
		return message;
	}

	deliver(message) {
		const [oldest] = this.pending.keys();
		this.store();
		if (this.stuck) this.resend();
		else this.post({ ...message, oldest });
	}

	post(message) {
		try {
			this.send(message);
		} catch {
			this.gone = true;
		}
	}

	resend(from = 0) {
		const [oldest] = this.pending.keys();
		for (const [seq, { message }] of this.pending) if (seq >= from) this.post({ ...message, oldest });
	}

	settle(seq) {
		const known = this.pending.delete(seq);
		if (known) this.store();
		this.gone = false;
		this.stuck = "";
		return known;
	}

	has(position) {
		const about = ({ message }) => message.pos === position || message.of === position;
		return [...this.pending.values()].some(about);
	}

	store() {
		const name = `${this.prefix}${this.session}`;
		const kept = [...this.pending.values()].map(({ message }) => message);
		try {
			if (kept.length) this.storage.setItem(name, JSON.stringify({ at: this.now(), kept }));
			else this.storage.removeItem(name);
		} catch {
			// Without storage the decisions are kept as long as the page is.
		}
	}

	// Decisions that an earlier page of this browser could not hand over.
	leftBehind() {
		const found = [];
		for (const name of Object.keys(this.storage ?? {})) {
			const session = name.slice(this.prefix.length);
			if (!name.startsWith(this.prefix) || session === this.session) continue;
			// Another person's name may begin like this one's.
			if (session.includes(":")) continue;
			try {
				const { at, kept } = JSON.parse(this.storage.getItem(name));
				if (this.now() - at > PATIENCE) found.push({ name, kept });
			} catch {
				// It is not one of ours.
			}
		}
		return found;
	}

	forget(name) {
		this.storage.removeItem(name);
	}
}
