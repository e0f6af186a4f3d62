// Which command or answer a key press means. The table of keys comes from Python.

export function keyName(event) {
	const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
	if (!(event.ctrlKey || event.metaKey)) return key;
	return `Mod+${event.shiftKey ? "Shift+" : ""}${key}`;
}

// Some keyboards need Shift for digits: the key's place counts as well.
export function digitOf(event) {
	if (/^[0-9]$/.test(event.key)) return event.key;
	const place = /^Digit([0-9])$/.exec(event.code || "");
	return place && !/^[a-z?]$/i.test(event.key) ? place[1] : null;
}

export function commandOf(event, commands) {
	const name = keyName(event);
	const found = commands.find((command) => command.keys.includes(name));
	return found ? found.name : null;
}

// The dimension and the answer that a key picks: digits on the one in focus, letters on any.
export function answerOf(event, dimensions, focus) {
	if (event.ctrlKey || event.metaKey || event.altKey) return null;
	const pick = (key, asked) => {
		for (const dimension of asked) {
			const choice = dimension.choices.find((c) => c.keys.includes(key));
			if (choice) return { dimension, value: choice.value };
		}
		return null;
	};
	const digit = digitOf(event);
	const typed = digit === event.key ? null : pick(event.key.toLowerCase(), dimensions);
	return typed ?? (digit && pick(digit, [dimensions[focus]]));
}

// Keys that belong to the browser or the system are let through.
export function passes(event) {
	if (event.key === "Tab" || /^F\d+$/.test(event.key)) return true;
	return event.altKey || /^(Shift|Control|Alt|AltGraph|Meta|CapsLock)$/.test(event.key);
}
