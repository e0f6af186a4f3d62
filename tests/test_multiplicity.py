"""Corrections of p values for how many there are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from xeroml_nb.analysis.statistics.multiplicity import benjamini_hochberg, holm
from xeroml_nb.errors import BadInput

calm = settings(deadline=None, database=None, max_examples=150)
some_p = st.lists(st.floats(0, 1), min_size=1, max_size=30)
BOTH = pytest.mark.parametrize("correct", [holm, benjamini_hochberg])


@given(some_p)
@settings(calm, max_examples=10)
def test_holm_is_that_of_statsmodels(p_values):
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


@given(some_p)
@calm
def test_benjamini_hochberg_is_that_of_statsmodels(p_values):
    theirs = multipletests(p_values, method="fdr_bh")[1]
    assert benjamini_hochberg(p_values) == pytest.approx(theirs)


@BOTH
@given(p_values=some_p)
@calm
def test_order_is_kept_and_no_p_gets_smaller(correct, p_values):
    found = correct(p_values)
    assert all(before <= after + 1e-12 for before, after in zip(p_values, found, strict=True))
    by_value = sorted(zip(p_values, found, strict=True))
    adjusted = [after for _, after in by_value]
    assert adjusted == sorted(adjusted)


@BOTH
def test_no_p_values_stay_none(correct):
    assert correct([]) == []


@BOTH
def test_one_p_value_stays_as_it_is(correct):
    assert correct([0.03]) == [0.03]


@BOTH
@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_what_is_no_p_value_is_refused(correct, wrong):
    with pytest.raises(BadInput, match="no p value"):
        correct([0.5, wrong])
