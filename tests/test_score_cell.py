"""Score cells, in the shell that every notebook runs its cells in."""

from __future__ import annotations

import re

import pytest
from test_magics import in_shell

from xeroml_nb.scoring.sandbox.python.preparing import prepared

RUN = """\
ran = client.run(lambda n: 2 * n if n else 7, numbers, name="doubled", evaluators=[exact])
print(json.dumps(ran.score_summaries()[0].mean))
"""
SHARE = """\
const right = data.filter(row => row.exact).length;
return {score: 100 * right / data.length}
"""
# Above it stands the magic, so that its last line is the cell's fourth.
BROKEN = 'total = 0\nfor row in data:\n    total += row["nope"]\nreturn {"score": total}\n'


@pytest.fixture(autouse=True, scope="module")
def _interpreter():
    """The sandbox's Python is there before a cell would have to wait for it."""
    prepared()


def frames(ran):
    return re.findall(r"^Cell In.*$", ran.printed, re.MULTILINE)


def test_the_body_is_a_score_card_under_its_name_and_a_syntax_error_points_at_the_cells_line():
    *_, wrong, indented, seen = in_shell(
        "%%xeroml score quality -c exact -c 'Style Check' --timeout 3 --memory 128\n"
        'right = [row["exact"] for row in data]\n'
        'return {"score": 100 * sum(right) / len(right)}\n',
        "%%xeroml score share --js\n" + SHARE,
        "%%xeroml score wrong\nright = 2\ntotal = = 3\nreturn {}\n",
        "%%xeroml score indented\n    right = 2\n    return {'score': right}\n",
        "cards = [quality, share]\n"
        "parts = ('name', 'column_names', 'code_language', 'timeout', 'memory_mb')\n"
        "told = [[getattr(card, part) for part in parts] for card in cards]\n"
        "firsts = [c.code.splitlines()[0] for c in cards]\n"
        "print(json.dumps([told, firsts, 'wrong' in globals()]))",
    )
    told, (first, second), is_there = seen.value
    assert told == [
        ["quality", ["exact", "Style Check"], "PYTHON", 3.0, 128],
        ["share", [], "JAVASCRIPT", 10.0, 256],
    ]
    assert first.startswith("# %%xeroml score quality -c exact")
    assert second == "// %%xeroml score share --js"
    assert "SyntaxError" in wrong.kinds
    assert re.search(r"Cell In\[4\], line 3\n +total = = 3", wrong.printed)
    assert indented.worked
    assert not is_there


def test_with_an_experiment_the_card_makes_its_score_and_a_failing_one_changes_nothing():
    ran, made, again, failed, broken, unknown, seen = in_shell(
        RUN,
        "%%xeroml score share --js -x ran\n" + SHARE,
        "report = ran.report()\nprint(json.dumps(report.score))",
        "%%xeroml score other -x ran\n" + BROKEN,
        "%%xeroml score third --js -x report\nconsole.log('so far');\nnope();\n",
        "%%xeroml score share --js -x nothing\n" + SHARE,
        "print(json.dumps([report.card.name, round(report.score, 2), 'other' in globals(),"
        " len(ran.reports())]))",
    )
    assert made.worked
    assert round(100 * ran.value, 6) == round(again.value, 6)
    assert failed.kinds[0] == broken.kinds[0] == "CardFailed"
    assert frames(failed) == ["Cell In[5], line 4"]
    assert re.search(r'^----> 4 +total \+= row\["nope"\]$', failed.printed, re.MULTILINE)
    assert "line 4" in failed.message
    assert "KeyError" in failed.message
    assert frames(broken) == ["Cell In[6], line 3"]
    assert "----> 3 nope();" in broken.printed
    assert broken.printed.rstrip().splitlines()[-2:] == ["printed:", "so far"]
    for one in (failed, broken):
        assert "Traceback" not in one.printed
        assert "xeroml_nb/" not in one.printed
    assert unknown.kinds[0] == "NotFound"
    assert seen.value == ["share", 66.67, False, 1]


def test_what_is_no_score_card_is_refused_with_a_word_on_what_is():
    empty, odd, quote, option, limit, told = in_shell(
        "%%xeroml score quality\n\n",
        "%%xeroml score my-card\nreturn {'score': 1}\n",
        "%%xeroml score quality -c 'half\nreturn {'score': 1}\n",
        "%%xeroml score quality --nope\nreturn {'score': 1}\n",
        "%%xeroml score quality --timeout 500\nreturn {'score': 1}\n",
        "%xeroml help",
    )
    assert "is empty" in empty.message
    assert "'my-card' cannot name a score card" in odd.message
    assert "No closing quotation" in quote.message
    assert option.kinds[0] == "UsageError"
    assert "from 1 to 120" in limit.message
    assert "%%xeroml score NAME" in told.printed
