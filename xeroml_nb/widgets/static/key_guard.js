// Keeps the notebook's shortcuts away from the plain widgets around this one, brings their style
// sheet, and tells when an option of a list is opened: clicked, or entered. Jupyter looks
// shortcuts up on the element that has the focus, so the mark that turns them off has to be on
// that very element.

function render({ model, el }) {
	el.style.display = "none";
	const mark = (event) => {
		event.target.dataset.lmSuppressShortcuts = "true";
	};
	const tell = (event) => {
		const entered = event.key === "Enter" && event.target.matches("select[size]");
		const clicked = event.type === "click" && event.target.matches("select[size] option");
		// The place is told too: the list's own message may arrive later than this one.
		const list = event.target.closest("select");
		if (entered || clicked) model.send({ opened: list.selectedIndex });
	};
	let root = null;
	// A clicked tab takes the focus, and so does the open one when what had it is hidden with its
	// tab: otherwise the cell would get the next keys.
	const click = (event) => {
		tell(event);
		event.target.closest("[role=tab]")?.focus();
	};
	const leave = (event) => {
		requestAnimationFrame(() => {
			const lost = document.activeElement === document.body && !event.target.checkVisibility();
			if (lost) root.querySelector("[role=tab][aria-selected=true]")?.focus();
		});
	};
	let waiting = 0;
	const guard = () => {
		root = el.closest(".widget-vbox");
		// The widget is drawn before it is put into its box.
		if (!root) {
			waiting = requestAnimationFrame(guard);
			return;
		}
		root.addEventListener("focusin", mark);
		root.addEventListener("keydown", tell);
		root.addEventListener("focusout", leave);
		root.addEventListener("click", click);
	};
	guard();
	return () => {
		cancelAnimationFrame(waiting);
		if (!root) return;
		root.removeEventListener("focusin", mark);
		root.removeEventListener("keydown", tell);
		root.removeEventListener("focusout", leave);
		root.removeEventListener("click", click);
	};
}

export default { render };
