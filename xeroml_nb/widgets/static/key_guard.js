// Keeps the notebook's shortcuts away from the plain widgets around this one, and brings their
// style sheet. Jupyter looks shortcuts up on the element that has the focus, so the mark that
// turns them off has to be on that very element.

function render({ el }) {
  el.style.display = "none";
  const root = el.closest(".widget-vbox") || el.parentElement;
  const mark = (event) => {
    event.target.dataset.lmSuppressShortcuts = "true";
  };
  root.addEventListener("focusin", mark);
  return () => root.removeEventListener("focusin", mark);
}

export default { render };
