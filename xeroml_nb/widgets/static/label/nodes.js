// What Python describes as nodes becomes elements. Only the elements, classes and links listed
// here are ever made; everything else is shown as text.

const TAGS = new Set(
	("p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code strong em s hr br table thead tbody tr th td " +
		"a span div details summary dl dt dd ins del").split(" "),
);
const LINK = /^(https?:|mailto:)/i;

export function element(name, className, ...children) {
	const node = document.createElement(name);
	if (className) node.className = className;
	node.append(...children);
	return node;
}

export function build(node) {
	if (!Array.isArray(node)) return document.createTextNode(String(node));
	const [tag, ...rest] = node;
	const has = rest.length && typeof rest[0] === "object" && !Array.isArray(rest[0]) && rest[0];
	const children = (has ? rest.slice(1) : rest).map(build);
	if (!TAGS.has(tag)) return element("span", "", ...children);
	const made = element(tag, "", ...children);
	const given = has || {};
	if (/^xn-[a-z-]+$/.test(given.class)) made.className = given.class;
	if (tag === "details" && given.open === true) made.open = true;
	if (tag === "ol" && Number.isInteger(given.start)) made.start = given.start;
	if (tag === "a" && LINK.test(given.href)) {
		made.href = given.href;
		made.target = "_blank";
		made.rel = "noopener noreferrer nofollow";
	}
	return made;
}

export function setText(node, text) {
	if (node.textContent !== text) node.textContent = text;
}
