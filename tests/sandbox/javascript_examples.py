"""The four score cards of the documented endpoint, written in JavaScript for these tests.

They are bodies of a function of `data`, and do what the Python ones do: a column that a row lacks
is passed over, and no rows at all give 0.
"""

WEIGHTED = """\
const weights = new Map([["Accuracy Check", 0.7], ["Style Check", 0.3]]);
let possible = 0;
let reached = 0;
for (const row of data) {
  for (const [column, weight] of weights) {
    if (typeof row[column] !== "boolean") continue;
    possible += weight;
    if (row[column]) reached += weight;
  }
}
return { score: possible > 0 ? (100 * reached) / possible : 0 };
"""

ALL_MUST_PASS = """\
const checks = ["Accuracy Check", "Safety Check", "Format Check"];
const passes = (row) => checks.filter((c) => Object.hasOwn(row, c)).every((c) => row[c] === true);
const passed = data.filter(passes).length;
return { score: data.length > 0 ? (100 * passed) / data.length : 0 };
"""

THRESHOLDS = """\
function points(similarity) {
  if (similarity >= 0.95) return 100;
  if (similarity >= 0.8) return 75;
  return similarity >= 0.6 ? 50 : 0;
}
const total = data.reduce((sum, row) => sum + points(row["Similarity Score"] ?? 0), 0);
return { score: data.length > 0 ? total / data.length : 0 };
"""

BY_CATEGORY = """\
const groups = Map.groupBy(data, (row) => row.category ?? "default");
const shares = Array.from(groups.values(), (rows) => {
  return (100 * rows.filter((row) => row["Quality Check"]).length) / rows.length;
});
const sum = shares.reduce((total, share) => total + share, 0);
return { score: shares.length > 0 ? sum / shares.length : 0 };
"""
