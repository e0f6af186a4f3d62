"""The interval around one mean."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from xeroml_nb.analysis.statistics.clusters import clusters_of, error_of_mean
from xeroml_nb.analysis.statistics.intervals import mean_interval
from xeroml_nb.annotation.statistics.rates import wilson
from xeroml_nb.errors import BadInput

calm = settings(deadline=None, database=None, max_examples=150)
scores = st.floats(-100, 100).map(lambda x: round(x, 3))
samples = st.lists(scores, min_size=2, max_size=30)
clustered = st.lists(st.tuples(scores, st.integers(0, 6)), min_size=2, max_size=40)


def answers(right, n):
    return [1.0] * right + [0.0] * (n - right)


def ends(found):
    return found.low, found.high


class TestRightAndWrong:
    def test_17_of_20_are_64_to_95_percent(self):
        found = mean_interval(answers(17, 20))
        assert found.method == "Wilson"
        assert found.estimate == 0.85
        assert ends(found) == pytest.approx((0.640, 0.948), abs=5e-4)

    def test_5_of_5_are_57_to_100_percent(self):
        assert ends(mean_interval(answers(5, 5))) == pytest.approx((0.566, 1.0), abs=5e-4)

    @given(st.integers(2, 400), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
    @calm
    def test_it_is_the_interval_of_a_share_and_that_of_scipy(self, n, data, confidence):
        right = data.draw(st.integers(0, n))
        found = mean_interval(answers(right, n), confidence=confidence)
        share = wilson(right, n, confidence)
        assert ends(found) == (share.low, share.high)
        test = stats.binomtest(right, n)
        assert ends(found) == pytest.approx(test.proportion_ci(confidence, "wilson"))

    def test_clusters_that_are_all_right_count_as_one_item_each(self):
        found = mean_interval([1.0] * 12, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
        assert (found.n, found.estimate) == (12, 1.0)
        assert ends(found) == ends(mean_interval([1.0] * 4))
        assert found.method == "Wilson, each cluster counted once"

    def test_clustered_shares_stay_within_0_and_1(self):
        found = mean_interval(answers(11, 12), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
        assert found.high == 1.0
        assert found.method == "cluster-robust t over 4 clusters"


class TestStudent:
    @given(samples, st.sampled_from([0.5, 0.95, 0.99]))
    @calm
    def test_single_items_get_the_usual_interval(self, values, confidence):
        if len(set(values)) == 1 or set(values) <= {0.0, 1.0}:
            return
        found = mean_interval(values, confidence=confidence)
        usual = stats.ttest_1samp(values, 0).confidence_interval(confidence)
        assert ends(found) == pytest.approx((usual.low, usual.high), rel=1e-6, abs=1e-9)
        assert found.method == "Student t"

    @given(samples)
    @calm
    def test_single_items_have_n_less_1_degrees_of_freedom(self, values):
        error = error_of_mean(np.array(values), clusters_of(len(values), None), 0.0)
        assert error.df == pytest.approx(len(values) - 1)

    @pytest.mark.parametrize(("clusters", "size"), [(2, 5), (8, 3), (40, 5)])
    def test_balanced_clusters_have_the_error_of_statsmodels(self, clusters, size):
        rng = np.random.default_rng(clusters)
        codes = np.repeat(np.arange(clusters), size)
        values = rng.normal(size=clusters)[codes] + rng.normal(size=codes.size)
        # Its correction G/(G-1) (n-1)/(n-k) is CR2's where all clusters are of one size.
        fit = sm.OLS(values, np.ones_like(values)).fit(
            cov_type="cluster", cov_kwds={"groups": codes}
        )
        error = error_of_mean(values, clusters_of(values.size, codes), 0.0)
        assert error.size == pytest.approx(fit.bse[0])
        assert error.df == pytest.approx(clusters - 1)

    def test_unequal_clusters_agree_with_the_matrices_of_bell_and_mccaffrey(self):
        rng = np.random.default_rng(1)
        codes = np.repeat(np.arange(6), [1, 2, 3, 5, 8, 13])
        values, n = rng.normal(size=codes.size), codes.size
        hat = np.full((n, n), 1 / n)
        variance, columns = 0.0, []
        for cluster in range(6):
            inside = codes == cluster
            own = np.eye(inside.sum()) - hat[np.ix_(inside, inside)]
            roots, vectors = np.linalg.eigh(own)
            adjusted = vectors @ np.diag(roots**-0.5) @ vectors.T @ np.ones(inside.sum()) / n
            variance += (adjusted @ (values - values.mean())[inside]) ** 2
            columns.append((np.eye(n) - hat)[:, inside] @ adjusted)
        spread = np.linalg.eigvalsh(np.array(columns) @ np.array(columns).T)
        error = error_of_mean(values, clusters_of(n, codes), 0.0)
        assert error.size == pytest.approx(np.sqrt(variance))
        assert error.df == pytest.approx(spread.sum() ** 2 / (spread**2).sum())

    def test_equal_values_have_no_width_and_say_so(self):
        found = mean_interval([0.1] * 7)
        assert found.low == found.high == found.estimate == pytest.approx(0.1)
        assert found.method == "all values are equal"
        assert mean_interval([0.1] * 7, bootstrap=200) == found

    def test_clusters_of_equal_means_have_no_width_and_say_so(self):
        found = mean_interval([0.2, 0.4, 0.4, 0.2, 0.3], [0, 0, 1, 1, 2])
        assert found.low == found.high == pytest.approx(0.3)
        assert found.method == "the means of all clusters are equal"


class TestAnyData:
    @given(clustered)
    @calm
    def test_an_interval_contains_its_estimate(self, rows):
        values, codes = zip(*rows, strict=True)
        for clusters in (None, codes):
            found = mean_interval(values, clusters)
            if found.low is not None:
                assert found.low <= found.estimate <= found.high

    @given(samples | st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=30))
    @calm
    def test_clusters_of_one_change_nothing(self, values):
        found = mean_interval(values)
        assert mean_interval(values, np.arange(len(values))[::-1]) == found

    @given(clustered, st.randoms(use_true_random=False))
    @calm
    def test_the_order_of_items_changes_nothing(self, rows, random):
        mixed = random.sample(rows, len(rows))
        found, again = (mean_interval(*zip(*these, strict=True)) for these in (rows, mixed))
        assert again.method == found.method
        if found.low is not None:
            assert ends(again) == pytest.approx(ends(found), rel=1e-6, abs=1e-9)

    @pytest.mark.parametrize(
        ("values", "codes", "why"),
        [
            ([], None, "no items"),
            ([], [], "no items"),
            ([0.3], None, "one item has no interval"),
            ([1.0], [4], "one item has no interval"),
            ([0.3, 0.4], [7, 7], "one cluster has no interval"),
        ],
    )
    def test_too_few_items_have_no_interval_and_say_why(self, values, codes, why):
        for bootstrap in (0, 200):
            found = mean_interval(values, codes, bootstrap=bootstrap)
            assert (found.n, found.low, found.high, found.method) == (len(values), None, None, why)
            assert found.estimate == (pytest.approx(np.mean(values)) if values else None)

    @pytest.mark.parametrize(
        ("values", "options", "message"),
        [
            ([float("nan"), 1.0], {}, "not all finite"),
            ([float("inf"), 1.0], {}, "not all finite"),
            (["a", "b"], {}, "not all numbers"),
            ([[1.0], [2.0]], {}, "2 dimensions"),
            ([1.0, 2.0], {"clusters": [1]}, "2 values, but 1 clusters"),
            ([1.0, 2.0], {"clusters": [0.5, 1.5]}, "whole numbers"),
            ([1.0, 2.0], {"clusters": [-1, 0]}, "code -1"),
            ([1.0, 2.0], {"confidence": 1.0}, "between 0 and 1"),
            ([1.0, 2.0], {"bootstrap": 10}, "too few"),
            ([1.0, 2.0], {"bootstrap": -1}, "too few"),
            ([1.0, 2.0], {"seed": -1}, "negative"),
        ],
    )
    def test_what_makes_no_interval_is_refused(self, values, options, message):
        with pytest.raises(BadInput, match=message):
            mean_interval(values, **options)


class TestBootstrap:
    def test_it_comes_near_student_and_is_the_same_for_the_same_seed(self):
        values = np.random.default_rng(2).normal(size=200)
        found = mean_interval(values, bootstrap=4000, seed=3)
        assert ends(found) == pytest.approx(ends(mean_interval(values)), abs=0.02)
        assert mean_interval(values, bootstrap=4000, seed=3) == found
        assert mean_interval(values, bootstrap=4000, seed=4) != found
        assert found.method == "BCa bootstrap over items"

    def test_it_draws_whole_clusters(self):
        rng = np.random.default_rng(5)
        codes = np.repeat(np.arange(60), 5)
        values = rng.normal(size=60)[codes] + rng.normal(size=300) / 5
        found = mean_interval(values, codes, bootstrap=2000)
        assert ends(found) == pytest.approx(ends(mean_interval(values, codes)), abs=0.06)
        alone = mean_interval(values, bootstrap=2000)
        assert found.high - found.low > 1.8 * (alone.high - alone.low)
        assert found.method == "BCa bootstrap over clusters"

    def test_many_items_take_the_plain_percentiles(self):
        values = np.random.default_rng(6).random(3000)
        found = mean_interval(values, bootstrap=500)
        assert ends(found) == pytest.approx(ends(mean_interval(values)), abs=0.003)
        assert found.method == "percentile bootstrap over items"

    @given(st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, 4)), max_size=12))
    @settings(calm, max_examples=60)
    def test_repeated_values_give_numbers_and_no_warning(self, rows):
        values, codes = [value for value, _ in rows], [code for _, code in rows]
        for clusters in (None, codes):
            found = mean_interval(values, clusters, bootstrap=100)
            if found.low is not None:
                assert np.isfinite(ends(found)).all()
                assert found.low <= found.high
