"""The difference between two runs over the same items."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import dblquad
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_of_statsmodels
from statsmodels.stats.power import TTestPower

from xeroml_nb.analysis.statistics import mcnemar
from xeroml_nb.analysis.statistics.intervals import mean_interval
from xeroml_nb.analysis.statistics.paired import paired_difference
from xeroml_nb.analysis.statistics.posterior import difference_interval
from xeroml_nb.errors import BadInput

calm = settings(deadline=None, database=None, max_examples=150)
counts = st.integers(0, 60)
scores = st.floats(-100, 100).map(lambda x: round(x, 3))
rows_of_scores = st.lists(st.tuples(scores, scores, st.integers(0, 6)), min_size=2, max_size=40)
right = st.sampled_from([0.0, 1.0])
rows_of_answers = st.lists(st.tuples(right, right, st.integers(0, 6)), min_size=2, max_size=40)
any_rows = rows_of_scores | rows_of_answers


def answers(wins, losses, both, neither=0):
    """Two runs of right and wrong answers."""
    cells = [wins, losses, both, neither]
    return np.repeat([0.0, 1.0, 1.0, 0.0], cells), np.repeat([1.0, 0.0, 1.0, 0.0], cells)


def columns(rows):
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def ends(found):
    return found.low, found.high


class TestMcNemar:
    def test_airway_hyper_responsiveness_of_fagerland_2013(self):
        found = paired_difference(*answers(wins=7, losses=1, both=1, neither=12))
        assert found.p_exact == pytest.approx(0.070, abs=5e-4)
        assert found.p_value == pytest.approx(0.039, abs=5e-4)
        assert (found.n, found.wins, found.losses, found.ties) == (21, 7, 1, 13)
        assert found.estimate == pytest.approx(6 / 21)
        assert (found.method, found.test) == ("Bayesian paired", "McNemar mid-p")

    @given(counts, counts)
    @calm
    def test_the_exact_p_is_that_of_statsmodels(self, wins, losses):
        if wins + losses:
            theirs = mcnemar_of_statsmodels([[5, losses], [wins, 5]], exact=True)
            assert mcnemar.exact_p(wins, losses) == pytest.approx(theirs.pvalue)

    @given(counts, counts)
    @calm
    def test_mid_p_is_the_exact_p_less_half_of_what_was_seen_on_either_side(self, wins, losses):
        found = mcnemar.mid_p(wins, losses)
        assert found == mcnemar.mid_p(losses, wins)
        assert 0 < found <= mcnemar.exact_p(wins, losses) <= 1
        if wins != losses:
            tail = sum(math.comb(wins + losses, k) for k in range(min(wins, losses)))
            seen = math.comb(wins + losses, wins)
            assert found == pytest.approx((2 * tail + seen) / 2 ** (wins + losses))

    def test_half_against_half_takes_its_chance_off_once(self):
        assert mcnemar.mid_p(2, 2) == pytest.approx(1 - 0.5 * 6 / 16)

    def test_many_pairs_stay_exact(self):
        first, second = answers(wins=360, losses=76, both=700, neither=183)
        found = paired_difference(first, second)
        assert found.n == 1319
        assert found.p_exact == stats.binomtest(76, 436).pvalue
        assert 0 < found.p_value < found.p_exact < 1e-40
        assert found.estimate == pytest.approx(284 / 1319)
        paired_t = stats.ttest_rel(second, first).confidence_interval()
        assert ends(found) == pytest.approx((paired_t.low, paired_t.high), abs=1e-3)
        assert mcnemar.mid_p(50_500, 49_500) == pytest.approx(
            mcnemar_of_statsmodels(
                [[0, 49_500], [50_500, 0]], exact=False, correction=False
            ).pvalue,
            rel=1e-3,
        )


def tail_by_integration(x, wins, losses, ties):
    """The chance that the difference exceeds x, from the density of Dirichlet's distribution."""
    a, b, c = wins + 1, losses + 1, ties + 0.5
    scale = math.exp(math.lgamma(a + b + c) - sum(map(math.lgamma, (a, b, c))))
    found, _ = dblquad(
        lambda q, p: scale * p ** (a - 1) * q ** (b - 1) * (1 - p - q) ** (c - 1),
        max(x, 0),
        1,
        0,
        lambda p: min(1 - p, p - x),
    )
    return found


class TestPosterior:
    @pytest.mark.parametrize("table", [(3, 1, 8), (6, 2, 12), (2, 2, 5), (10, 1, 1)])
    def test_either_tail_holds_half_of_what_is_left_out(self, table):
        wins, losses, ties = table
        low, high = difference_interval(*table, confidence=0.9)
        assert tail_by_integration(high, *table) == pytest.approx(0.05, abs=1e-5)
        assert tail_by_integration(-low, losses, wins, ties) == pytest.approx(0.05, abs=1e-5)

    @pytest.mark.parametrize("table", [(0, 0, 20), (3, 0, 17), (360, 76, 883), (900, 850, 10)])
    def test_it_is_what_draws_from_dirichlet_show(self, table):
        draws = np.random.default_rng(7).dirichlet(np.add(table, [1, 1, 0.5]), 400_000)
        drawn = np.quantile(draws[:, 0] - draws[:, 1], [0.025, 0.975])
        assert difference_interval(*table) == pytest.approx(drawn, abs=2e-3)

    @given(counts, counts, counts)
    @calm
    def test_swapping_negates_and_the_observed_is_inside(self, wins, losses, ties):
        if not wins + losses + ties:
            return
        low, high = difference_interval(wins, losses, ties)
        assert difference_interval(losses, wins, ties) == (-high, -low)
        assert -1 <= low <= (wins - losses) / (wins + losses + ties) <= high <= 1
        assert low < high

    def test_all_won_reaches_the_end(self):
        low, high = difference_interval(20, 0, 0)
        assert high == 1.0
        assert tail_by_integration(low, 20, 0, 0) == pytest.approx(0.975, abs=1e-5)

    @pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
    def test_it_leaves_out_0_where_mid_p_is_small_and_only_there(self, confidence):
        n = 30
        for wins in range(n + 1):
            for losses in range(n + 1 - wins):
                low, high = difference_interval(wins, losses, n - wins - losses, confidence)
                small = mcnemar.mid_p(wins, losses) < 1 - confidence
                assert (low > 0 or high < 0) == small, (wins, losses)


class TestStudent:
    @given(rows_of_scores)
    @calm
    def test_single_items_get_the_paired_t_test_of_scipy(self, rows):
        # Moved by 0.5123, no row happens to be right and wrong answers.
        first, second = columns(rows)[0] + 0.5123, columns(rows)[1]
        if np.ptp(second - first) < 1e-6:
            return
        found, theirs = paired_difference(first, second), stats.ttest_rel(second, first)
        interval = theirs.confidence_interval()
        assert ends(found) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)
        assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
        assert (found.method, found.test) == ("Student t", "paired t")
        assert found.p_exact is None

    def test_clusters_get_the_interval_of_the_mean_difference(self):
        rng = np.random.default_rng(8)
        codes = np.repeat(np.arange(12), 4)
        first, second = rng.random(48), rng.random(48) + rng.random(12)[codes] / 2
        found = paired_difference(first, second, codes)
        alone = mean_interval(second - first, codes)
        assert (found.estimate, *ends(found)) == (alone.estimate, alone.low, alone.high)
        assert found.method == "cluster-robust t over 12 clusters"
        assert found.test == "cluster-robust paired t"
        # At the confidence of 1 - p an interval just touches 0.
        touching = paired_difference(first, second, codes, confidence=1 - found.p_value)
        assert min(map(abs, ends(touching))) == pytest.approx(0, abs=1e-9)

    def test_equal_differences_do_not_prove_themselves(self):
        found = paired_difference([0.1, 0.2, 0.7, 100.1], [0.2, 0.3, 0.8, 100.2])
        assert ends(found) == pytest.approx((0.1, 0.1))
        assert found.p_value == 2 / 2**4
        assert found.detectable is None
        assert found.method == "all differences are equal"
        assert found.test == "sign-flip permutation"

    def test_averages_in_another_order_are_ties(self):
        found = paired_difference([(0.1 + 0.2 + 0.3) / 3, 0.5], [(0.3 + 0.2 + 0.1) / 3, 0.75])
        assert (found.wins, found.losses, found.ties) == (1, 0, 1)


class TestAnyData:
    @given(any_rows)
    @calm
    def test_swapping_the_runs_negates_the_difference(self, rows):
        first, second, codes = columns(rows)
        for clusters in (None, codes):
            there = paired_difference(first, second, clusters)
            back = paired_difference(second, first, clusters)
            assert back.estimate == -there.estimate
            assert (back.wins, back.losses, back.ties) == (there.losses, there.wins, there.ties)
            assert (back.p_value, back.p_exact) == (there.p_value, there.p_exact)
            assert back.detectable == there.detectable
            if there.low is not None:
                assert ends(back) == (-there.high, -there.low)
                assert there.low <= there.estimate <= there.high
                assert 0 <= there.p_value <= 1

    @given(any_rows)
    @calm
    def test_clusters_of_one_change_nothing(self, rows):
        first, second, _ = columns(rows)
        found = paired_difference(first, second, np.arange(len(rows))[::-1])
        assert found == paired_difference(first, second)

    @given(any_rows, st.randoms(use_true_random=False))
    @calm
    def test_the_order_of_items_changes_nothing(self, rows, random):
        found = dataclasses.asdict(paired_difference(*columns(rows)))
        mixed = paired_difference(*columns(random.sample(rows, len(rows))))
        assert dataclasses.asdict(mixed) == {
            name: pytest.approx(value, rel=1e-6, abs=1e-9) if isinstance(value, float) else value
            for name, value in found.items()
        }

    @pytest.mark.parametrize("kind", [[0.0, 1.0, 1.0, 0.0], [0.2, 0.7, 0.7, 0.1]])
    @pytest.mark.parametrize("bootstrap", [0, 200])
    @pytest.mark.parametrize("clusters", [None, [0, 0, 1, 1]])
    def test_runs_that_do_not_differ_have_a_p_of_1(self, kind, bootstrap, clusters):
        found = paired_difference(kind, kind, clusters, bootstrap=bootstrap)
        assert (found.estimate, found.p_value, found.ties) == (0.0, 1.0, 4)
        assert found.low <= 0 <= found.high

    @pytest.mark.parametrize(
        ("values", "codes", "why"),
        [
            ([], None, "no items"),
            ([0.3], None, "one item has no interval"),
            ([0.3, 0.4], [7, 7], "one cluster has no interval"),
        ],
    )
    def test_too_few_items_tell_nothing_and_say_why(self, values, codes, why):
        found = paired_difference(values, [value + 1 for value in values], codes)
        assert (found.n, found.wins, found.method) == (len(values), len(values), why)
        assert found.test == why.replace("interval", "test")
        assert found.estimate == (pytest.approx(1) if values else None)
        unknown = (found.low, found.high, found.p_value, found.p_exact, found.detectable)
        assert unknown == (None,) * 5

    def test_clusters_that_all_changed_alike_count_as_one_pair_each(self):
        codes = [0, 0, 1, 1, 2, 2, 3, 3]
        found = paired_difference([0.0] * 8, [1.0] * 8, codes)
        counted = paired_difference([0.0] * 4, [1.0] * 4)
        assert (*ends(found), found.p_value) == (*ends(counted), counted.p_value)
        assert (found.n, found.wins) == (8, 8)
        assert found.test == "McNemar mid-p, each cluster counted once"

    def test_runs_of_different_length_are_refused(self):
        with pytest.raises(BadInput, match="2 values, but 1 values of the second run"):
            paired_difference([0.0, 1.0], [1.0])


class TestBootstrap:
    def test_it_comes_near_student_and_is_the_same_for_the_same_seed(self):
        rng = np.random.default_rng(9)
        first = rng.random(150)
        second = first + rng.normal(0.05, 0.3, 150)
        found, usual = (paired_difference(first, second, bootstrap=b) for b in (4000, 0))
        assert ends(found) == pytest.approx(ends(usual), abs=0.01)
        assert found.p_value == pytest.approx(usual.p_value, abs=0.02)
        assert found.detectable == usual.detectable
        assert (found.method, found.test) == ("BCa bootstrap over items", "sign-flip permutation")
        assert paired_difference(first, second, bootstrap=4000) == found

    def test_few_clusters_are_flipped_in_every_way(self):
        first, codes = np.zeros(12), np.repeat(np.arange(6), 2)
        second = np.linspace(0.1, 0.9, 12)
        found = paired_difference(first, second, codes, bootstrap=500)
        assert found.p_value == 2 / 2**6
        assert found.method == "BCa bootstrap over clusters"

    def test_right_and_wrong_answers_can_be_resampled_too(self):
        found = paired_difference(*answers(14, 5, 30, 11), bootstrap=2000)
        assert found.p_value == pytest.approx(mcnemar.exact_p(14, 5), abs=0.02)
        assert ends(found) == pytest.approx(difference_interval(14, 5, 41), abs=0.02)


class TestDetectable:
    def test_a_paired_t_test_shows_it_in_4_of_5_tries(self):
        differences = np.random.default_rng(10).normal(size=400)
        found = paired_difference(np.zeros(400), differences)
        effect = found.detectable / differences.std(ddof=1)
        power = TTestPower().power(effect, nobs=400, alpha=0.05)
        assert power == pytest.approx(0.8, abs=2e-3)

    def test_right_and_wrong_answers_have_millers_formula(self):
        found = paired_difference(*answers(wins=12, losses=7, both=181))
        assert found.detectable == pytest.approx(2.8016 * math.sqrt(20 / 202 / 200), rel=1e-4)

    def test_four_times_the_items_show_half_of_it(self):
        small, large = (paired_difference(*answers(20 * k, 20 * k, 60 * k)) for k in (1, 4))
        assert large.detectable == pytest.approx(small.detectable / 2, rel=0.02)
