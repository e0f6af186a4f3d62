"""What a labeller reads: nodes made from untrusted values."""

from __future__ import annotations

import collections
import datetime as dt
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xeroml_nb.annotation.content import markdown
from xeroml_nb.annotation.content.budget import fair_share
from xeroml_nb.annotation.content.markdown import markdown_nodes
from xeroml_nb.annotation.content.nodes import TAGS, element, safe_address, text_of
from xeroml_nb.annotation.content.reading import chips, part, raw_part
from xeroml_nb.annotation.content.shapes import looks_like_code, looks_like_markdown
from xeroml_nb.records.json_text import unheld

calm = settings(deadline=None, database=None, max_examples=150)
ALLOWED = {"class": set(TAGS), "href": {"a"}, "start": {"ol"}, "open": {"details"}}
MARKS = [*"*_#`~[]()<>!|\\&-+.:\"'\n\t ", "](", "```", "\n\n", "    ", "http://a.b/", "> "]
words = st.text("abcdefgh", min_size=1, max_size=6)
markup = st.lists(words | st.sampled_from(MARKS), max_size=60).map("".join)
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
anything = st.recursive(
    leaves,
    lambda inside: st.lists(inside, max_size=5) | st.dictionaries(st.text(), inside, max_size=5),
    max_leaves=30,
)


def check(nodes, depth=0):
    """Fail unless all nodes are what a front end may show."""
    assert depth < 60
    for node in nodes:
        if isinstance(node, str):
            assert "\x00" not in node
            continue
        assert type(node) is list
        tag, *rest = node
        assert tag in TAGS
        if rest and isinstance(rest[0], dict):
            check_attributes(tag, rest.pop(0))
        check(rest, depth + 1)


def check_attributes(tag, attributes):
    assert attributes
    for key, value in attributes.items():
        assert tag in ALLOWED[key]
        assert key != "class" or re.fullmatch("xn-[a-z-]+", value)
        assert key != "href" or re.match("(?i)(https?://|mailto:)[^\\s\x00-\x1f]*$", value)
        assert key != "start" or type(value) is int
        assert key != "open" or value is True


def checked(shown):
    """A part that is fit to be sent."""
    json.dumps(shown.to_wire(), allow_nan=False, ensure_ascii=False).encode()
    check(shown.nodes)
    return shown


def tags_in(nodes):
    found = collections.Counter()
    for node in nodes:
        if isinstance(node, list):
            found[node[0]] += 1
            found += tags_in(node[1:])
    return found


def size(nodes):
    return len(json.dumps(nodes, ensure_ascii=False))


def deep(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


class TestElements:
    def test_a_tag_that_is_not_known_is_an_error(self):
        for tag in ("script", "img", "iframe", "P", ""):
            with pytest.raises(ValueError, match="not a tag"):
                element(tag)

    @pytest.mark.parametrize(
        ("tag", "attributes"),
        [
            ("p", {"class_": "jp-Button"}),
            ("p", {"class_": "xn-a xn-b"}),
            ("p", {"class_": "xn-text\n"}),
            ("p", {"onclick": "x"}),
            ("p", {"style": "x"}),
            ("p", {"href": "http://a.b"}),
            ("ol", {"start": "1"}),
            ("ol", {"start": True}),
            ("ul", {"start": 1}),
            ("details", {"open": False}),
            ("div", {"open": True}),
        ],
    )
    def test_an_attribute_that_is_not_known_is_an_error(self, tag, attributes):
        with pytest.raises(ValueError, match="may not have"):
            element(tag, "x", **attributes)

    def test_an_element_holds_its_attributes_and_children(self):
        assert element("p") == ["p"]
        assert element("p", "", "a", ["br"]) == ["p", "a", ["br"]]
        assert element("ol", ["li", "a"], start=3) == ["ol", {"start": 3}, ["li", "a"]]
        assert element("details", open=True, class_=None) == ["details", {"open": True}]

    @pytest.mark.parametrize(
        "address",
        [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "java\tscript:alert(1)",
            " \x01javascript:alert(1)",
            "\u200bjavascript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:http://a.b/c",
            "//a.b",
            "/a",
            "a.html",
            "",
            "http:",
            "http://",
            "http:a.b",
            "javascript://http://a.b",
            "http://a.b/" + "x" * 5000,
        ],
    )
    def test_a_link_that_runs_code_or_stays_here_is_only_text(self, address):
        shown = element("a", "here", href=address)
        check([shown])
        assert shown[0] == "span"
        assert text_of([shown]).startswith("here")

    def test_a_link_to_a_page_or_a_mailbox_is_a_link(self):
        for address in ("http://a.b", "HTTPS://a.b/c?d=e#f", "mailto:a@b.c"):
            assert element("a", "x", href=address) == ["a", {"href": address}, "x"]
        assert safe_address(" ht\ntp://a.b\x00") == "http://a.b"

    def test_the_text_of_nodes_keeps_blocks_apart(self):
        nodes = [["p", "a", ["br"], "b"], ["ul", ["li", "c"], ["li", ["em", "d"]]], "e"]
        assert text_of(nodes) == "a\nb\nc\nd\ne"
        assert text_of([["table", ["tr", ["td", "1"], ["td", "2"]]]]).split() == ["1", "2"]


HOSTILE = [
    "<script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "<svg onload=alert(1)><circle/></svg>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "<form action=x><input name=y><button>z</button></form>",
    "<style>*{display:none}</style>",
    '<a href="javascript:alert(1)">x</a>',
    "[x](javascript:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](java&#10;script:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](<javascript:alert(1)>)",
    "[x](JAVASCRIPT&colon;alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    '[x](//evil.example "onmouseover=alert(1)")',
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    '![x](http://a.b/c.png "t")',
    "[![x](http://a.b/c.png)](javascript:alert(1))",
    "[x]: javascript:alert(1)\n\n[x]",
    "`<script>`",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "```html\n<script>alert(1)</script>\n```",
    "```<script>\nx\n```",
    "|<script>|b|\n|---|---|\n|<img onerror=x>|2|",
    "<!-- <script> -->",
    "<details open ontoggle=alert(1)>",
    "\u202e<script>",
]


class TestHostileText:
    @pytest.mark.parametrize("text", HOSTILE)
    def test_markup_is_never_more_than_text(self, text):
        for value in (text, f"# Title\n\n{text}\n\n- a\n- b", {"a": text}, [{"b": [text]}]):
            shown = checked(part("output", value))
            assert not tags_in(shown.nodes)["a"]
            checked(raw_part("output", value))
        turn = {"role": text, "name": text, "content": f"**b** {text}"}
        assert not tags_in(checked(part("output", [turn])).nodes)["a"]

    def test_raw_html_can_be_read(self):
        said = text_of(markdown_nodes("**a** <script>alert(1)</script> <b onclick='x'>c</b>"))
        assert said == "a <script>alert(1)</script> <b onclick='x'>c</b>"

    def test_entities_become_the_text_they_stand_for(self):
        assert markdown_nodes("&lt;script&gt; &amp;amp;") == [["p", "<script> &amp;"]]

    @given(markup)
    @calm
    def test_any_markup_gives_only_harmless_nodes(self, text):
        check(markdown_nodes(text))
        checked(part("output", text))

    @given(anything)
    @calm
    def test_any_value_gives_nodes_that_can_be_sent(self, value):
        checked(part("output", value))
        checked(raw_part("output", value))
        checked(part("output", value, limit=50))
        assert all(isinstance(chip, str) for chip in chips(value))


class TestMarkdown:
    @given(markup)
    @calm
    def test_no_word_is_lost(self, text):
        said = text_of(markdown_nodes(text))
        left = collections.Counter(re.sub(r"[^a-h]", "", said))
        assert collections.Counter(re.sub(r"[^a-h]", "", text)) <= left

    def test_blocks_and_marks_are_elements(self):
        text = "# T\n\n1. *a*\n2. **b**\n   - ~~c~~\n\n> `d`\n\n***\n\ne  \nf\ng"
        assert markdown_nodes(text) == [
            ["h1", "T"],
            [
                "ol",
                ["li", ["em", "a"]],
                ["li", ["strong", "b"], ["ul", ["li", ["s", "c"]]]],
            ],
            ["blockquote", ["p", ["code", "d"]]],
            ["hr"],
            ["p", "e", ["br"], "f", ["br"], "g"],
        ]

    def test_a_list_starts_at_its_number(self):
        assert markdown_nodes("3. a\n4. b")[0][:2] == ["ol", {"start": 3}]

    def test_a_text_that_the_parser_stumbles_over_is_shown_as_it_stands(self, monkeypatch):
        def stumble(**options):
            raise IndexError

        monkeypatch.setattr(markdown, "_parser", stumble)
        assert markdown_nodes("**Pay** now") == [["div", {"class": "xn-text"}, "**Pay** now"]]

    def test_more_markup_than_text_is_shown_as_text(self):
        text = "# T\n\n" + "*a* " * 600
        shown = checked(part("output", text))
        assert shown.kind == "text"
        assert text_of(shown.nodes).startswith("# T\n\n*a* *a*")

    def test_fenced_code_names_its_language(self):
        assert markdown_nodes("```py\nx = 1\n\n```") == [
            ["div", {"class": "xn-language"}, "py"],
            ["pre", ["code", {"class": "xn-code"}, "x = 1\n"]],
        ]
        assert markdown_nodes("~~~\nx") == [["pre", ["code", {"class": "xn-code"}, "x"]]]

    def test_a_table_keeps_cells_beyond_its_heading(self):
        [table] = markdown_nodes("| a | b |\n|---|:-:|\n| 1 | x\\|y | 3 | 4 |\n| 5 |")
        assert table[1] == ["thead", ["tr", ["th", "a"], ["th", "b"]]]
        assert table[2] == [
            "tbody",
            ["tr", ["td", "1"], ["td", "x|y"], ["td", "3 | 4"]],
            ["tr", ["td", "5"]],
        ]

    def test_an_image_is_a_text(self):
        assert markdown_nodes('![a *b*](http://c.d/e.png "t")') == [
            ["p", '[image: a *b*] (http://c.d/e.png "t")']
        ]

    def test_a_link_says_where_it_leads(self):
        assert markdown_nodes('[x](https://a.b/é "t")') == [
            [
                "p",
                ["a", {"href": "https://a.b/é"}, "x"],
                ["span", {"class": "xn-dim"}, ' (https://a.b/é "t")'],
            ]
        ]
        assert markdown_nodes("<https://a.b>") == [
            ["p", ["a", {"href": "https://a.b"}, "https://a.b"]]
        ]
        assert tags_in(markdown_nodes("https://a.b www.a.b"))["a"] == 0
        assert text_of(markdown_nodes("[](https://a.b)")) == "https://a.b (https://a.b)"

    def test_a_definition_of_a_link_stays_text(self):
        assert markdown_nodes("[a]: http://b.c 'd'") == [["p", "[a]: http://b.c 'd'"]]

    def test_formulas_keep_their_backslashes(self):
        assert markdown_nodes(r"\(x\) \[y\\z\] \*") == [["p", r"\(x\) \[y\\z\] *"]]

    @pytest.mark.parametrize(
        "text",
        [
            "> " * 300 + "word",
            "- " * 300 + "word",
            "[" * 5000 + "word",
            "![" * 3000 + "word",
            "*a " * 1500 + "word" + " b*" * 1500,
            "![a" * 2000 + "word" + "](b)" * 2000,
            "|" + "a|" * 1000 + "\n|" + "-|" * 1000 + "\n" + "|word\n" * 5000,
            "word\n" * 4000,
            "`" * 19_000 + "word",
            "<a " * 6000 + "word",
            "&" * 19_000 + "word",
        ],
    )
    def test_costly_text_stays_readable(self, text):
        nodes = markdown_nodes(text)
        check(nodes)
        assert "word" in text_of(nodes)


class TestShapes:
    @pytest.mark.parametrize(
        "text",
        [
            "Hello, I would like a refund.",
            "Dear team,\n\nplease note: 2 * 3 * 4 = 24 and a_b_c.\nThanks - Bob",
            "Price* and terms* apply. See #1 and C#.",
            "use *.py,*.txt files, not **/*.md",
            "`foo' and `bar'",
            "- just one dash",
            'I said: "x" (see [1]).\n\n1. Only one',
            "if you want this:\n  do that",
            "From here on, class is over. Return the item to us;\nimport duties apply.",
            "select a seat from the list",
            "# of items: 3",
            "2**3**4",
            "let me see = fine",
            "@bob",
            "The function foo(x) returns 3.",
            "a < b > c",
            "snake_case_name and __init__",
            "[not a link] (really)",
        ],
    )
    def test_plain_words_stay_plain(self, text):
        shown = part("output", text)
        assert (shown.kind, shown.nodes) == ("text", [["div", {"class": "xn-text"}, text]])

    @pytest.mark.parametrize(
        "text",
        [
            "# Title\ntext",
            "## x",
            "- a\n- b",
            "1. a\n2. b",
            "**Pay** now",
            "see [x](https://a.b)",
            "|a|b|\n|---|---|\n|1|2|",
            "```\nx\n```",
            "It is *very* good",
            "use `pip`",
            "Code:\n```python\ndef f():\n    pass\n```",
        ],
    )
    def test_markdown_is_seen(self, text):
        assert part("output", text).kind == "markdown"

    @pytest.mark.parametrize(
        "text",
        [
            "def f(x):\n    return x",
            "SELECT a, b FROM t WHERE x = 1;",
            "SELECT a\nFROM t\nWHERE b = 1",
            "import os\nprint(os.getcwd())",
            '<div class="x">hi</div>',
            "function f() {\n  return 1;\n}",
            "const x = 1;\nconsole.log(x);",
            "#include <stdio.h>\nint main() {\n  return 0;\n}",
            "# comment\nfrom a import b\nx = 1\n\nfor i in range(3):\n    print(i)\n",
        ],
    )
    def test_program_text_is_seen(self, text):
        shown = part("output", text)
        assert shown.kind == "code"
        assert shown.nodes == [["pre", ["code", {"class": "xn-code"}, text]]]

    @given(st.text(max_size=300))
    @calm
    def test_looking_never_fails(self, text):
        assert looks_like_code(text) in (True, False)
        assert looks_like_markdown(text) in (True, False)


class TestTexts:
    @given(st.text(min_size=1).filter(str.strip))
    @calm
    def test_a_plain_text_is_shown_whole(self, text):
        shown = checked(part("output", text))
        if shown.kind == "text":
            assert shown.nodes == [["div", {"class": "xn-text"}, text.replace("\x00", "\\x00")]]

    def test_none_and_an_empty_text_say_so(self):
        shown = part("expected", None)
        assert shown.to_wire() == {
            "name": "expected",
            "kind": "none",
            "nodes": [["span", {"class": "xn-dim"}, "none"]],
            "cut": 0,
        }
        assert text_of(part("output", "").nodes) == "empty text"
        assert text_of(part("output", " \n").nodes).startswith("empty text")

    def test_a_long_text_is_cut_and_says_so(self):
        shown = part("output", "word " * 200_000)
        assert shown.cut == 1_000_000
        assert text_of(shown.nodes).endswith("20,000 of 1,000,000 characters are shown")
        assert part("output", "x" * 20_000).cut == 0

    def test_what_no_store_takes_is_made_visible(self):
        said = text_of(checked(part("output", "a\x00b\ud800c")).nodes)
        assert said == "a\\x00b\\ud800c"

    def test_values_without_json_show_their_repr(self):
        for value in (unheld(len), len):
            shown = checked(part("output", value))
            assert (shown.kind, text_of(shown.nodes)) == ("text", "<built-in function len>")
        assert text_of(part("output", {"a": len, "b": float("nan")}).nodes).split("\n")[1::2] == [
            "<built-in function len>",
            "nan",
        ]
        assert text_of(part("output", b"\x00").nodes) == "b'\\x00'"
        assert text_of(part("output", dt.date(2024, 1, 2)).nodes) == "2024-01-02"
        assert text_of(part("output", float("inf")).nodes) == "inf"


class TestData:
    def test_few_short_scalars_stand_on_one_line(self):
        value = {"category": "billing", "n": 1, "id": "12", "x": None, "y": "", "z": True}
        shown = checked(part("output", value))
        assert shown.kind == "json"
        said = 'category: billing · n: 1 · id: "12" · x: null · y: "" · z: true'
        assert text_of(shown.nodes) == said
        assert checked(part("output", json.dumps(value))).nodes == shown.nodes

    def test_lists_and_mappings_nest(self):
        value = {"a": {"b": ["x\ny", {"c": 1}]}, "d": [], "e": "z " * 80}
        assert checked(part("output", value)).nodes == [
            [
                "dl",
                {"class": "xn-data"},
                ["dt", ["span", {"class": "xn-key"}, "a"]],
                [
                    "dd",
                    [
                        "dl",
                        {"class": "xn-data"},
                        ["dt", ["span", {"class": "xn-key"}, "b"]],
                        [
                            "dd",
                            [
                                "ol",
                                {"class": "xn-data"},
                                ["li", ["div", {"class": "xn-text"}, "x\ny"]],
                                [
                                    "li",
                                    [
                                        "div",
                                        {"class": "xn-pairs"},
                                        ["span", {"class": "xn-key"}, "c"],
                                        ": ",
                                        ["span", {"class": "xn-literal"}, "1"],
                                    ],
                                ],
                            ],
                        ],
                    ],
                ],
                ["dt", ["span", {"class": "xn-key"}, "d"]],
                ["dd", ["span", {"class": "xn-literal"}, "[]"]],
                ["dt", ["span", {"class": "xn-key"}, "e"]],
                ["dd", ["div", {"class": "xn-text"}, "z " * 80]],
            ]
        ]

    def test_deep_and_many_entries_are_folded(self):
        assert tags_in(part("o", {"a": {"b": {"c": {"d": "x\ny"}}}}).nodes)["details"] == 1
        shown = part("o", [{"text": f"line\n{n}"} for n in range(50)])
        assert shown.nodes[1][:2] == ["details", ["summary", "30 more entries"]]
        assert shown.nodes[1][2][1] == {"class": "xn-data", "start": 21}
        assert "49" in text_of(shown.nodes)

    @pytest.mark.parametrize("value", [deep(10_000), "[" * 900 + "]" * 900, {"a": deep(500)}])
    def test_deep_nesting_ends_in_one_line(self, value):
        shown = checked(part("output", value))
        assert size(shown.nodes) < 5_000
        checked(raw_part("output", value))

    def test_a_value_that_holds_itself_is_shown(self):
        value = {}
        value["self"] = [value]
        checked(part("output", value))

    def test_a_key_that_stands_twice_is_not_lost(self):
        text = '{"a": 1, "a": 2}'
        assert text_of(part("output", text).nodes) == text

    @pytest.mark.parametrize(
        "text", ["{not json}", "[1, 2", '{"a": 1e999}', "[" * 5000 + "]" * 5000]
    )
    def test_what_only_looks_like_json_stays_text(self, text):
        shown = checked(part("output", text))
        assert shown.kind == "text"
        assert text_of(shown.nodes) == text

    def test_numbers_stand_on_one_line(self):
        assert text_of(part("o", [0.5, 1, 2.25] * 100).nodes).startswith("[0.5, 1, 2.25, 0.5")
        assert text_of(checked(part("o", [10**5000] * 3)).nodes)

    def test_keys_of_any_type_are_shown(self):
        said = text_of(checked(part("o", {(1, 2): "x", 3: "y", None: "z"})).nodes)
        assert said == "[1, 2]: x · 3: y · None: z"
        assert "built-in" in text_of(checked(part("o", {len: "x\ny"})).nodes)

    def test_one_long_text_leaves_room_for_the_others(self):
        shown = checked(part("output", {"log": "x" * 10**6, "answer": "the end"}))
        assert "the end" in text_of(shown.nodes)
        assert shown.cut > 10**6
        assert "characters are shown" in text_of(shown.nodes)

    def test_a_long_text_that_fits_is_shown_whole(self):
        assert part("output", {"answer": "x" * 19_000}).cut == 0

    def test_what_is_left_out_is_counted(self):
        shown = checked(part("output", {str(n): {"a": "b\nc"} for n in range(5000)}))
        assert re.search(r"… [\d,]+ more", text_of(shown.nodes))
        assert shown.cut

    @given(st.dictionaries(words, st.text("xyz \n", min_size=1, max_size=200), max_size=30))
    @calm
    def test_no_entry_is_lost(self, value):
        said = text_of(checked(part("output", value)).nodes)
        for key, text in value.items():
            assert key in said
            assert text.strip() in said or json.dumps(text)[1:-1] in said


class TestChats:
    chat = (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is *x*?"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "look_up", "arguments": '{"q": "x"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": '{"found": [1, 2]}'},
        {"role": "assistant", "content": "It is **2**.", "refusal": None},
    )

    def test_turns_say_who_spoke_and_fold_what_nobody_said(self):
        shown = checked(part("input", list(self.chat)))
        assert shown.kind == "chat"
        assert shown.cut == 0
        assert [turn[0] for turn in shown.nodes] == ["details", "div", "div", "details", "div"]
        assert shown.nodes[0] == [
            "details",
            {"class": "xn-turn"},
            [
                "summary",
                ["span", {"class": "xn-role"}, "system"],
                ["span", {"class": "xn-dim"}, " Be brief."],
            ],
            ["div", {"class": "xn-text"}, "Be brief."],
        ]
        assert shown.nodes[4] == [
            "div",
            {"class": "xn-turn-assistant"},
            ["div", {"class": "xn-role"}, "assistant"],
            ["p", "It is ", ["strong", "2"], "."],
        ]
        for said in ("calls look_up", "q: x", "found", "tool_call_id: c1"):
            assert said in text_of(shown.nodes)

    def test_the_same_chat_is_seen_in_a_mapping_and_in_json(self):
        chat = list(self.chat)
        assert part("input", {"messages": chat}).nodes == part("input", chat).nodes
        assert part("input", json.dumps(chat)).nodes == part("input", chat).nodes
        more = checked(part("input", {"messages": chat, "model": "m1"}))
        assert more.kind == "chat"
        assert text_of(more.nodes).endswith("model: m1")

    @pytest.mark.parametrize(
        "value",
        [
            [],
            [{"role": "user"}],
            [{"role": 1, "content": "x"}],
            [{"role": "user", "content": "x"}, 3],
            {"messages": "none"},
            {"messages": []},
        ],
    )
    def test_other_lists_are_data(self, value):
        assert checked(part("input", value)).kind == "json"

    @pytest.mark.parametrize(
        "content",
        [
            None,
            3,
            "",
            [],
            {"a": "b"},
            ["plain", {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}],
            [{"type": "text", "text": "x", "cache": "y"}, 4, None],
            [{"type": "tool_use", "name": "n", "input": {"q": deep(300)}}],
            deep(10_000),
            b"\x00",
        ],
    )
    def test_any_content_is_shown(self, content):
        for role in ("user", "system", "\ud800"):
            turn = {"role": role, "content": content, "tool_calls": content}
            assert checked(part("input", [turn])).kind == "chat"

    def test_the_last_words_are_seen_after_a_long_instruction(self):
        chat = [
            {"role": "system", "content": "x" * 10**6},
            {"role": "user", "content": "y"},
            {"role": "assistant", "content": "the end"},
        ]
        shown = checked(part("input", chat))
        assert text_of(shown.nodes[:3]).endswith("the end")
        assert shown.cut > 10**6

    def test_of_very_many_turns_the_middle_is_left_out(self):
        chat = [{"role": "user", "content": f"turn {n}"} for n in range(1000)]
        said = text_of(checked(part("input", chat)).nodes)
        assert "turn 0\n" in said
        assert "turn 999\n" in said
        assert "900 messages are left out" in said

    def test_of_a_turn_with_many_parts_and_calls_those_that_fit_are_seen(self):
        parts = [{"type": "text", "text": f"part {n} " + "x" * 30_000} for n in range(20)]
        calls = [{"function": {"name": f"f{n}", "arguments": "x" * 30_000}} for n in range(20)]
        turn = {"role": "assistant", "content": parts, "tool_calls": calls}
        shown = checked(part("output", [{"role": "user", "content": "hello"}, turn]))
        said = text_of(shown.nodes)
        assert "part 0" in said
        assert "part 19" not in said
        assert "f19" not in said
        assert shown.cut > 500_000

    def test_shares_are_fair(self):
        assert fair_share([10, 10, 1000], 100) == 80
        assert fair_share([1, 2], 100) == 100
        assert fair_share([], 5) == 5
        assert fair_share([50, 50], 20) == 10


def megabytes():
    yield "prose", "Some plain words. " * 55_000
    yield "markdown", "# T\n\nSome **bold** [x](http://a.b) and `c`.\n\n- a\n- b\n\n" * 18_000
    for name, piece in {"bracket": "[", "image": "![", "star": "*a ", "lines": "a\n"}.items():
        yield name, "# T\n\n" + piece * (1_000_000 // len(piece))
    yield "nul", "\x00" * 1_000_000
    yield "json", json.dumps([{"a": n, "b": "text"} for n in range(30_000)])
    yield "numbers", [0.5] * 200_000
    yield "mappings", [{"a": "b"}] * 80_000
    yield "bytes", b"a" * 1_000_000
    yield "chat", [{"role": "user", "content": "hello " * 100}] * 1_600


@pytest.mark.parametrize(("name", "value"), [pytest.param(n, v, id=n) for n, v in megabytes()])
def test_of_a_megabyte_little_is_shown(name, value):
    shown = part("output", value)
    assert shown.cut
    assert size(checked(shown).nodes) < 42_000


class TestRaw:
    def test_a_text_is_shown_exactly(self):
        text = "# T\n\n**b**  <b>\t\n"
        assert raw_part("o", text).nodes == [["pre", {"class": "xn-raw"}, text]]
        assert raw_part("o", '{"a":1}').nodes[0][2] == '{"a":1}'

    def test_data_is_shown_as_indented_json(self):
        shown = raw_part("o", {"a": ["é"]})
        assert (shown.kind, shown.nodes[0][2]) == ("json", '{\n  "a": [\n    "é"\n  ]\n}')
        assert raw_part("o", None).kind == "none"
        assert "len" in text_of(raw_part("o", {"a": len}).nodes)

    def test_what_is_too_long_is_cut(self):
        shown = raw_part("o", "x" * 30, limit=10)
        assert shown.cut == 30
        assert text_of(shown.nodes) == f"{'x' * 10}\n10 of 30 characters are shown"


class TestChips:
    def test_metadata_becomes_short_texts(self):
        assert chips({"lang": "de", "tags": ["a", "b"], "n": None}) == [
            "lang: de",
            'tags: ["a","b"]',
            "n: null",
        ]
        assert chips(None) == chips({}) == []
        assert chips("just text") == ["just text"]

    def test_long_and_many_are_cut(self):
        made = chips({f"k{n}" * 50: "v" * 500 for n in range(40)})
        assert len(made) == 12
        assert made[-1] == "… 29 more"
        assert max(map(len, made)) <= 92
