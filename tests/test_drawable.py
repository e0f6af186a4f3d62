"""Texts that no drawing can hold are replaced before anything is drawn."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import altair as alt
from hypothesis import given
from hypothesis import strategies as st

from xeroml_nb.charts.drawable import drawable
from xeroml_nb.charts.showing import bundle, svg


@given(st.text(st.characters(codec=None)))
def test_xml_holds_every_text_that_is_left(text):
    left = drawable({"a": [text]})["a"][0]
    element = ET.Element("a")
    element.text = left
    assert len(left) == len(text)
    read = ET.fromstring(ET.tostring(element, encoding="unicode")).text or ""
    assert len(read) == len(left.replace("\r\n", "\n"))


def test_a_control_sign_is_drawn_as_a_replacement_and_ends_nothing():
    rows = [{"name": "a\x01b \ud800", "n": 1}]
    chart = alt.Chart(alt.InlineData(values=rows)).mark_bar().encode(x="n:Q", y="name:N")
    assert "a\ufffdb \ufffd" in svg(chart)
    assert "image/png" in bundle(chart)
