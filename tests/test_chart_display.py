"""Charts show without a network, in light and dark, and stay plain Altair objects."""

from __future__ import annotations

import json
import subprocess
import sys

import altair as alt
import pytest
from charting import MIME_TYPES, SIGNATURE, all_charts, png_of, ran, scored, tones_in, two_runs
from IPython.core.interactiveshell import InteractiveShell

import xeroml_nb as xn
from xeroml_nb import charts
from xeroml_nb.errors import BadInput, MissingExtra


@pytest.fixture
def chart(client):
    return charts.changes(two_runs(client), "similarity")


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    with_store = xn.get_client(str(tmp_path_factory.mktemp("charts") / "store.db"))
    yield all_charts(with_store)
    with_store.close()


@pytest.fixture
def users_own():
    rows = [{"a": 1, "b": 2}, {"a": 2, "b": 1}]
    return alt.Chart(alt.InlineData(values=rows), title="Mine").mark_bar().encode(x="a:O", y="b:Q")


def test_a_cell_shows_vega_lite_5_a_picture_and_a_text_but_no_html(chart):
    shown, _ = InteractiveShell.instance().display_formatter.format(chart)
    assert set(shown) == MIME_TYPES
    spec = shown["application/vnd.vegalite.v5+json"]
    assert spec["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
    assert spec["background"] == "transparent"
    assert png_of(chart).startswith(SIGNATURE)


def test_every_chart_shows_that_way_and_needs_no_address(every):
    for name, drawn in every.items():
        found = drawn._repr_mimebundle_()
        assert set(found) == MIME_TYPES, name
        spec = found["application/vnd.vegalite.v5+json"]
        assert json.dumps(spec).count("http") == 1, f"{name}: the schema's name alone"
        assert tones_in(png_of(drawn)) > 30, name


def test_a_chart_is_equal_to_a_plain_one_and_stays_what_it_is(chart):
    plain = alt.LayerChart.from_dict(chart.to_dict())
    assert plain.to_dict() == chart.to_dict()
    assert type(plain) is alt.LayerChart
    assert isinstance(chart, alt.LayerChart)
    assert type(chart).__name__ == "LayerChart"
    for changed in (chart.properties(width=300), chart.copy(), chart.interactive()):
        assert set(changed._repr_mimebundle_()) == MIME_TYPES
    assert chart.properties(width=300).to_dict()["width"] == 300
    assert charts.shown(chart) is chart


def test_a_chart_can_be_layered_with_a_plain_one(chart, users_own):
    assert type(users_own + chart) is alt.LayerChart
    for both in (users_own + chart, chart + users_own):
        assert isinstance(both, alt.LayerChart)
        assert len(both.to_dict()["layer"]) >= 2
    assert type(alt.vconcat(chart, users_own)) is alt.VConcatChart


def test_a_users_chart_can_be_shown_the_same_way(users_own):
    assert charts.bundle(users_own)["text/plain"] == "Mine\n\na  b\n1  2\n2  1"
    assert set(charts.shown(users_own)._repr_mimebundle_()) == MIME_TYPES


def test_offline_is_altairs_renderer_in_its_block_alone(users_own):
    before = alt.renderers.active
    with charts.offline():
        assert set(users_own._repr_mimebundle_()) == MIME_TYPES
    assert alt.renderers.active == before
    charts.offline()
    try:
        assert set(users_own._repr_mimebundle_()) == MIME_TYPES
    finally:
        alt.renderers.enable(before)


def test_offline_says_that_it_cannot_draw_what_vegafusion_holds_back(users_own):
    alt.data_transformers.register("vegafusion", alt.default_data_transformer)
    with alt.data_transformers.enable("vegafusion"), charts.offline():
        with pytest.raises(BadInput, match="VegaFusion"):
            alt.renderers.get()(users_own.to_dict(context={"pre_transform": False}))
        # The charts of this package hold all they show.
        assert set(charts.bundle(users_own)) == MIME_TYPES


UNTOUCHED = """
import altair as alt
before = alt.renderers.active, alt.theme.active, alt.data_transformers.active
names = alt.renderers.names()
from xeroml_nb import charts
chart = charts.shown(alt.Chart(alt.InlineData(values=[{"a": 1}])).mark_point().encode(x="a:Q"))
chart._repr_mimebundle_()
charts.svg(chart)
assert (alt.renderers.active, alt.theme.active, alt.data_transformers.active) == before
assert alt.renderers.names() == names
assert "_repr_mimebundle_" not in vars(alt.Chart)
"""
WITHOUT_ALTAIR = """
import sys
sys.modules["altair"] = None
import xeroml_nb
try:
    import xeroml_nb.charts
except xeroml_nb.XeromlError as error:
    print(error)
"""


def output_of(code):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_of_altair_is_changed_by_importing_and_showing():
    assert output_of(UNTOUCHED) == ""


def test_without_altair_the_error_names_what_to_install():
    expected = "Charts needs packages that are not installed. "
    assert (
        output_of(WITHOUT_ALTAIR) == f"{expected}Install them with: pip install 'xeroml_nb[lab]'\n"
    )


def test_without_vl_convert_a_chart_shows_without_its_picture(chart, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert set(charts.bundle(chart)) == MIME_TYPES - {"image/png"}
    with pytest.raises(MissingExtra, match=r"xeroml_nb\[lab\]"):
        charts.svg(chart)


def test_the_spec_leaves_the_colours_of_words_to_the_host(every):
    for name, drawn in every.items():
        spec = drawn.to_dict()
        assert set(spec["config"]) == {"view"}, name
        assert set(spec["config"]["view"]) <= {"continuousWidth", "continuousHeight"}, name
        for word in ("labelColor", "titleColor", "gridColor", "subtitleColor"):
            assert word not in json.dumps(spec), name


def test_pictures_are_dark_on_light_and_an_svg_can_be_the_other_way_round(chart):
    light, dark = charts.svg(chart), charts.svg(chart, dark=True)
    assert 'fill="#ffffff"' in light
    assert 'fill="#1a1a1a"' in light
    assert 'fill="#111111"' in dark
    assert 'fill="#eeeeee"' in dark
    assert 'fill="#1a1a1a"' not in dark


def test_a_picture_reads_whatever_theme_is_on(chart):
    with alt.theme.enable("dark"):
        words = charts.svg(chart)
    assert 'fill="#1a1a1a"' in words
    assert 'fill="#fff"' not in words


def test_the_text_says_what_the_chart_shows(client):
    right = {f"i{n}": {"right": n < 3} for n in range(4)}
    alone = ran(client, "only", right)
    text = charts.bundle(charts.summary(alone))["text/plain"]
    assert text.splitlines() == [
        "Mean scores by run",
        "1 run · n = 4 scored items a run · bars are 95 % intervals",
        "",
        "right",
        "",
        "run      mean and interval  items scored  attempted  failed  not scored  interval by",
        "only #1  0.75 [0.30, 0.95]  4             4          0       0           Wilson",
    ]


def test_the_text_of_a_long_chart_is_cut_and_says_so(client):
    scores = scored(40, 1)
    text = charts.bundle(charts.heat_map(ran(client, "only", scores), "similarity"))["text/plain"]
    assert text.endswith("… and 28 more")
