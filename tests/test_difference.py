"""How an output differs from what was expected."""

from __future__ import annotations

import itertools
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reading import anything, check, deep, tags_in

from xeroml_nb.annotation.content.alignment import line_segments, word_segments
from xeroml_nb.annotation.content.difference import difference
from xeroml_nb.annotation.content.nodes import text_of

calm = settings(deadline=None, database=None, max_examples=150)
SAME = [["div", {"class": "xn-same"}, "same as expected"]]
TOO_LONG = [["div", {"class": "xn-dim"}, "too long to compare word by word"]]
texts = st.text("ab .,\n'é1", max_size=60) | st.text(max_size=40)


def gone(text):
    return ["del", {"class": "xn-del"}, text]


def come(text):
    return ["ins", {"class": "xn-ins"}, text]


def differ(expected, output, **kwargs):
    """A difference that is fit to be sent."""
    nodes = difference(expected, output, **kwargs)
    if nodes is not None:
        json.dumps(nodes, allow_nan=False, ensure_ascii=False).encode()
        check(nodes)
    return nodes


class TestTexts:
    def test_changed_words_are_marked(self):
        assert differ("Pay the red cat now.", "Pay the big cat today.") == [
            [
                "div",
                {"class": "xn-text"},
                "Pay the ",
                gone("red"),
                come("big"),
                " cat ",
                gone("now"),
                come("today"),
                ".",
            ]
        ]

    def test_words_only_on_one_side_are_marked(self):
        assert differ("a cat", "a cat sat") == [
            ["div", {"class": "xn-text"}, "a cat", come(" sat")]
        ]
        assert differ("a cat", "") == [["div", {"class": "xn-text"}, gone("a cat")]]

    def test_a_number_is_one_word(self):
        assert differ("3.14", "3.15")[0][2:] == [gone("3.14"), come("3.15")]

    def test_a_lone_line_break_can_be_seen(self):
        assert differ("a\nb", "a b")[0][2:] == ["a", gone("↵\n"), come(" "), "b"]

    def test_a_word_that_happens_to_recur_is_part_of_the_change(self):
        [shown] = differ("completely different the words", "nothing similar the answers")
        assert tags_in([shown])["del"] == 1

    def test_equal_values_say_so(self):
        for value in ("a", "", 1, [1], {"a": [1]}, True):
            assert differ(value, value) == SAME
        assert differ({"a": 1, "b": 2}, {"b": 2, "a": 1}) == SAME
        assert differ('{"a": [1]}', {"a": [1]}) == SAME

    def test_nothing_to_compare_is_none(self):
        assert difference(None, "x") is None
        assert difference("x", None) is None
        assert difference(None, None) is None

    def test_the_same_text_of_another_type_is_told_apart(self):
        for expected, output in ((1, "1"), ("true", True)):
            assert "another type" in text_of(differ(expected, output))
        assert SAME not in (differ(1, output=True), differ(1, 1.0))

    def test_different_shapes_are_compared_as_text(self):
        assert differ({"a": 1}, "a")[0][0] == "div"
        assert tags_in(differ(["a", "b"], ["a", "c"])) == {"div": 1, "del": 1, "ins": 1}

    def test_markup_stays_text(self):
        nodes = differ("<b>x</b>", "<script>alert(1)</script>")
        assert set(tags_in(nodes)) == {"div", "del", "ins"}
        assert "script" in text_of(nodes)

    @given(texts, texts)
    @calm
    def test_both_texts_can_be_read_from_the_segments(self, old, new):
        for segments in (word_segments(old, new, 1000), line_segments(old, new, 1000)):
            assert "".join(first for first, _ in segments) == old
            assert "".join(second for _, second in segments) == new

    @given(texts, texts)
    @calm
    def test_segments_are_same_and_changed_in_turn(self, old, new):
        kinds = [a == b for a, b in word_segments(old, new, 1000)]
        assert all(a != b for a, b in itertools.pairwise(kinds))

    @given(anything, anything)
    @calm
    def test_any_two_values_can_be_compared(self, expected, output):
        differ(expected, output)
        differ(expected, expected)


class TestMappings:
    def test_each_key_has_a_row(self):
        nodes = differ(
            {"same": "q", "changed": "red cat", "gone": 1},
            {"changed": "big cat", "same": "q", "new": [1]},
        )
        assert nodes == [
            [
                "dl",
                {"class": "xn-diff"},
                ["dt", ["span", {"class": "xn-key"}, "same"]],
                [
                    "dd",
                    ["span", {"class": "xn-dim"}, "same: "],
                    ["span", {"class": "xn-same"}, "q"],
                ],
                ["dt", ["span", {"class": "xn-key"}, "changed"]],
                ["dd", ["div", {"class": "xn-text"}, gone("red"), come("big"), " cat"]],
                ["dt", ["span", {"class": "xn-key"}, "gone"]],
                ["dd", ["span", {"class": "xn-dim"}, "− only in expected: "], gone("1")],
                ["dt", ["span", {"class": "xn-key"}, "new"]],
                ["dd", ["span", {"class": "xn-dim"}, "+ only in output: "], come("[1]")],
            ]
        ]

    def test_mappings_nest_also_as_json_texts(self):
        nodes = differ({"a": {"b": 1, "c": 2}}, '{"a": "{\\"b\\": 1, \\"c\\": 3}"}')
        assert tags_in(nodes)["dl"] == 2
        assert tags_in(nodes)["del"] == tags_in(nodes)["ins"] == 1

    def test_deep_mappings_end_in_text(self):
        def nested(end):
            return {"a": nested(end[1:])} if end else 1

        nodes = differ(nested("x" * 20), nested("x" * 21))
        assert tags_in(nodes)["dl"] == 4
        assert differ(deep(10_000), deep(9_999)) is not None

    def test_of_many_keys_the_rest_is_counted(self):
        nodes = differ({str(n): n for n in range(150)}, {str(n): -n for n in range(150)})
        assert "… 50 more keys are not compared" in text_of(nodes)


class TestLongTexts:
    def test_beyond_the_limit_lines_are_compared(self):
        old = [f"line {n} has words" for n in range(100)]
        new = [*old]
        new[2], new[90] = "other", "more"
        [shown] = differ("\n".join(old), "\n".join(new), limit=200)
        assert shown[1] == {"class": "xn-lines"}
        assert gone("− line 2 has words\n") in shown
        assert come("+ other\n") in shown
        assert "81 lines are the same" in text_of([shown])
        assert "line 50 has words" in text_of([shown])

    def test_a_few_changes_in_a_long_text_are_found_word_by_word(self):
        words = [f"word{n}" for n in range(2500)]
        changed = [*words[:1000], "other", *words[1001:]]
        [shown] = differ(" ".join(words), " ".join(changed))
        assert gone("word1000") in shown

    def test_too_much_is_not_compared(self):
        assert differ("a" * 10**6, "b" * 10**6) == TOO_LONG
        assert differ("a" * 10**6, "a" * 10**6) == SAME
        assert differ([{"a": 1}] * 10**5, [{"a": 2}] * 10**5) == TOO_LONG
        lines = "\n".join("ab"[n % 2] for n in range(5000))
        assert differ(lines, lines[::-1] + "\nc", limit=100) == TOO_LONG

    @pytest.mark.parametrize("kind", ["few words", "one word", "many words", "lines", "keys"])
    def test_the_worst_cases_cost_little(self, kind):
        chance = random.Random(7)

        def text(vocabulary, count, gap=" "):
            return gap.join(chance.choice(vocabulary) for _ in range(count))

        many = [f"w{n}" for n in range(500)]
        expected, output = {
            "few words": lambda: (text("ab", 2000), text("ab", 2000)),
            "one word": lambda: ("a " * 2000, "b a " * 1000),
            "many words": lambda: (text(many, 2000), text(many, 2000)),
            "lines": lambda: (text("abc", 2000, "\n"), text("abc", 2000, "\n")),
            "keys": lambda: [{str(n): text("ab", 2000) for n in range(6)} for _ in "ab"],
        }[kind]()
        nodes = difference(expected, output)
        assert nodes != TOO_LONG
        check(nodes)
