"""The style sheet of the HTML page: light and dark, and usable when narrow."""

from xeroml_nb.experiments.markup import Markup

STYLE = Markup("""
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --dim: #666; --bad: #b3400f;
  --ground: #fff; --words: #1a1a1a; }
@media (prefers-color-scheme: dark) {
  :root { --dim: #aaa; --bad: #f0905f; --ground: #111; --words: #eee; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1200px; margin: 2rem auto;
  padding: 0 1rem; background: var(--ground); color: var(--words); }
h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; } .dim { color: var(--dim); } .bad { color: var(--bad); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { font-weight: 600; white-space: nowrap; } .num { white-space: nowrap; }
tbody tr:hover { background: var(--soft); }
.items table { min-width: 68rem; font-size: .88rem; line-height: 1.4; }
.items td { min-width: 4rem; } .items td:first-child { white-space: nowrap; }
.scores td:first-child { min-width: 6rem; }
.scores td:nth-child(2) { white-space: normal; min-width: 10rem; }
.facts td:first-child { color: var(--dim); white-space: nowrap; width: 1%; }
figure { margin: 1.2rem 0; } figure svg { max-width: 100%; height: auto; }
.dark { display: none; }
@media (prefers-color-scheme: dark) { .light { display: none; } .dark { display: block; } }
details { margin: .5rem 0; } summary { cursor: pointer; }
pre { background: var(--soft); padding: 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
""")
