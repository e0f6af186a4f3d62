// How long an item takes, and how long the rest will.

const IDLE = 120;
const LATEST = 20;

export function median(values) {
	if (!values.length) return null;
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function withoutIdle(seconds) {
	return seconds > IDLE ? 0 : seconds;
}

export function paceText(latest, left) {
	const typical = median(latest.filter((s) => s > 0).slice(-LATEST));
	if (typical === null) return "";
	const rest = Math.round(typical * left);
	const each = typical < 10 ? typical.toFixed(1) : Math.round(typical);
	return left ? `${each} s/item · ${durationText(rest)} left` : `${each} s/item`;
}

export function durationText(seconds) {
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.round(seconds / 60);
	return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
