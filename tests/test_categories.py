"""Answers in categories: how two runs spread theirs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import SquareTable, mcnemar

from xeroml_nb.analysis.statistics.categories import compare_shares
from xeroml_nb.annotation.statistics.rates import wilson
from xeroml_nb.errors import BadInput

calm = settings(deadline=None, database=None, max_examples=150)
answers = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=60)
# Vision of the left and the right eye of 7477 women, the example of Stuart (1955).
VISION = [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]


def pairs_of(table):
    """The two answers of every item of a table."""
    return np.repeat(np.indices(np.shape(table)).reshape(2, -1), np.ravel(table), axis=1)


def test_unaided_vision_of_stuart_1955():
    found = compare_shares(*pairs_of(VISION), categories=4)
    assert found.n == 7477
    assert found.chi2 == pytest.approx(11.957, abs=1e-3)
    assert found.df == 3
    assert found.p_value == pytest.approx(0.0075, abs=5e-5)


@given(st.lists(st.integers(1, 60), min_size=16, max_size=16))
@calm
def test_marginal_homogeneity_is_that_of_statsmodels(cells):
    table = np.reshape(cells, (4, 4))
    found = compare_shares(*pairs_of(table), categories=4)
    theirs = SquareTable(table, shift_zeros=False).homogeneity(method="stuart_maxwell")
    assert found.chi2 == pytest.approx(theirs.statistic, rel=1e-6, abs=1e-9)
    assert found.df == theirs.df
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-6)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
@calm
def test_two_categories_are_mcnemar_without_correction(wins, losses, ties):
    if not wins + losses:
        return
    table = [[ties, wins], [losses, 0]]
    found = compare_shares(*pairs_of(table), categories=2)
    theirs = mcnemar(table, exact=False, correction=False)
    assert found.chi2 == pytest.approx(theirs.statistic)
    assert found.p_value == pytest.approx(theirs.pvalue)
    assert found.df == 1


@given(answers)
@calm
def test_categories_that_never_occur_change_nothing(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    found = compare_shares(first, second, categories=4)
    wider = compare_shares([2 * a for a in first], [2 * b for b in second], categories=9)
    assert wider.chi2 == pytest.approx(found.chi2, abs=1e-9)
    assert (wider.df, wider.distance, wider.changed) == (found.df, found.distance, found.changed)


@given(answers)
@calm
def test_swapping_the_runs_swaps_the_shares_alone(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = compare_shares(first, second, 4), compare_shares(second, first, 4)
    assert (back.first, back.second) == (there.second, there.first)
    assert (back.distance, back.changed) == (there.distance, there.changed)
    assert back.chi2 == pytest.approx(there.chi2)


def test_shares_have_the_interval_of_wilson_and_their_distance():
    found = compare_shares([0, 0, 0, 1, 2], [0, 1, 1, 1, 1], categories=4, confidence=0.9)
    assert found.first == tuple(wilson(count, 5, 0.9) for count in (3, 1, 1, 0))
    assert found.second == tuple(wilson(count, 5, 0.9) for count in (1, 4, 0, 0))
    # Three of five answers went to category 1, from 0 and from 2.
    assert found.distance == pytest.approx(3 / 5)
    assert found.changed == 3


def test_answers_that_did_not_change_have_a_p_of_1():
    found = compare_shares([0, 1, 2, 2], [0, 1, 2, 2], categories=3)
    assert (found.chi2, found.df, found.p_value, found.distance) == (0.0, 0, 1.0, 0.0)


def test_groups_of_categories_that_never_mix_are_tested_beside_each_other():
    table = np.zeros((4, 4), dtype=int)
    table[0, 1], table[1, 0], table[2, 3], table[3, 2] = 9, 3, 8, 2
    found = compare_shares(*pairs_of(table), categories=4)
    assert found.df == 2
    assert found.chi2 == pytest.approx(36 / 12 + 36 / 10)


def test_no_items_have_no_p():
    found = compare_shares([], [], categories=3)
    assert (found.n, found.distance, found.p_value) == (0, None, None)
    assert [share.rate for share in found.first] == [None] * 3


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([0, 3], [0, 1], "first has the code 3 of 3"),
        ([0, 1], [0, -1], "second have the code -1"),
        ([0, 1], [0], "2 values, but 1"),
        ([0.5, 1.0], [0, 1], "whole numbers"),
    ],
)
def test_codes_that_are_no_categories_are_refused(first, second, message):
    with pytest.raises(BadInput, match=message):
        compare_shares(first, second, categories=3)
