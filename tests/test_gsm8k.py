"""Recorded solutions of two models to 1,319 school problems, scored by their final number.

The problems are no part of the project; where they do not lie beside it there is nothing to test.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import scipy.stats

import xeroml_nb as xn

DATA = Path(__file__).parents[2] / "shared" / "data" / "gsm8k.jsonl"
ANSWER = re.compile(r"A:\s*\$?(-?[\d,]*\.?\d+)")


def final_number(solution):
    found = ANSWER.findall(solution)
    return float(found[-1].replace(",", "")) if found else None


def correct(output, expected_output):
    answer = final_number(output)
    return answer is not None and answer == final_number(expected_output)


def finetuned(metadata):
    return metadata["runs"]["175b_finetuning"]


async def verified(item):
    return item.metadata["runs"]["175b_verification"]


# Collected only where the data is: a skip would count as a failure in CI.
if DATA.exists():

    @pytest.fixture
    def problems(client):
        return client.create_dataset(
            name="math/gsm8k",
            items=DATA,
            input="question",
            expected_output="reference",
            id="id",
        )

    def test_the_final_numbers_of_both_models_are_scored_as_published(client, problems):
        assert len(problems) == 1319
        first = client.run(finetuned, problems, evaluators=[correct])
        second = client.run(verified, "math/gsm8k", evaluators=[correct])
        assert first.to_frame()["correct"].sum() == 458
        assert second.to_frame()["correct"].sum() == 742
        for experiment, right in ((first, 458), (second, 742)):
            [figures] = experiment.summary().to_dict("records")
            assert figures["mean"] == pytest.approx(right / 1319)
            assert figures["scored"] == figures["attempted"] == figures["succeeded"] == 1319
            assert figures["failed"] == figures["unscored"] == 0

    def test_the_second_model_is_better_and_the_items_that_changed_are_told(client, problems):
        first = client.run(finetuned, problems, evaluators=[correct])
        second = client.run(verified, problems, evaluators=[correct])
        compared = xn.compare(first, second)
        found = compared.difference("correct")
        assert (found.n, found.wins, found.losses, found.ties) == (1319, 360, 76, 883)
        assert found.verdict == "better"
        assert found.difference == pytest.approx((742 - 458) / 1319)
        assert found.p_exact == pytest.approx(scipy.stats.binomtest(76, 436).pvalue, rel=1e-9)
        assert found.low == pytest.approx(0.186, abs=0.001)
        assert found.high == pytest.approx(0.244, abs=0.001)
        [before, after] = compared.estimates
        assert (before.mean, after.mean) == pytest.approx((458 / 1319, 742 / 1319))
        changes = compared.items()["change"].value_counts()
        assert dict(changes) == {"same": 883, "improved": 360, "regressed": 76}
        items = compared.items().query("change == 'regressed'")
        assert all(correct(row.baseline_output, row.expected_output) for row in items.itertuples())
        assert not any(correct(row.output, row.expected_output) for row in items.itertuples())
