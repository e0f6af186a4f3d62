"""In which order a person labels, and which rows are shown to them a second time."""

from __future__ import annotations

import hashlib
import math
import random
from dataclasses import KW_ONLY, dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

from xeroml_nb.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from xeroml_nb.experiments.experiment import Experiment
    from xeroml_nb.records.score import ScoreValue

T = TypeVar("T")
MODES = ("given", "shuffle", "stratified", "worst", "uncertain", "disagreement")
_RANKED = frozenset({"worst", "uncertain", "disagreement"})
_BY = {"stratified": "a metadata field", **dict.fromkeys(_RANKED, "the name of a score")}
_DRAWN = {"given": "given", "shuffle": "shuffled", "stratified": "stratified"}


@dataclass(frozen=True, slots=True)
class Order:
    """In which order rows are labelled.

    Args:
        mode: "given" as they come; "shuffle"; "stratified" takes turns between the values of a
            metadata field; "worst" starts with the lowest scores, "uncertain" with those next to
            the threshold, "disagreement" with those that differ most from other scores.
        by: The metadata field of "stratified", or the score that the last three modes look at.
        against: For "disagreement": the name of a score given by people, or an experiment.
        threshold: For "uncertain": where one answer turns into the other.
        random_share: Which share of the places of the last three modes goes to random rows.
        seed: The same seed gives the same order; None leaves the choice to the caller.

    Raises:
        BadInput: If the mode is unknown, or an argument is missing, of no use or out of range.

    Example:
        >>> Order("worst", by="helpfulness").is_ranked
        True
    """

    mode: str = "given"
    _: KW_ONLY
    by: str | None = None
    against: Experiment | str | None = None
    threshold: float = 0.5
    random_share: float = 0.1
    seed: int | None = None

    def __post_init__(self) -> None:
        _check_mode(self.mode)
        self._check_by()
        self._check_against()
        _check_share("random_share", self.random_share)
        if not _is_finite(self.threshold):
            raise BadInput(f"threshold is {self.threshold!r}.", "Use a finite number, such as 0.5.")
        if self.seed is not None and not _is_int(self.seed):
            raise BadInput(f"seed is {self.seed!r}.", "Use a whole number, or leave it out.")

    @property
    def is_ranked(self) -> bool:
        """Whether what is known of a row decides its place."""
        return self.mode in _RANKED

    def to_wire(self, against_key: str | None = None) -> dict[str, Any]:
        """Plain data to store.

        Args:
            against_key: What to store for `against`; where `against` is a text, it may be left out.

        Raises:
            BadInput: If `against` is no text and has no key.
        """
        return {
            "mode": self.mode,
            "by": self.by,
            "against": self._stored_against(against_key),
            "threshold": float(self.threshold),
            "random_share": float(self.random_share),
            "seed": self.seed,
        }

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> Order:
        """Read what `to_wire` made; `against` is then the text that was stored for it.

        Raises:
            BadInput: If it describes no order.
        """
        names = ("mode", "by", "against", "threshold", "random_share", "seed")
        return cls(**{name: wire[name] for name in names if name in wire})

    def _stored_against(self, key: str | None) -> str | None:
        if self.against is None:
            return None
        if key is not None:
            return key
        if isinstance(self.against, str):
            return self.against
        raise BadInput(
            f"The order {self.mode!r} compares with a {type(self.against).__name__}, "
            "which cannot be stored as it is.",
            "Pass against_key=... with a text to store for it.",
        )

    def _check_by(self) -> None:
        needed = _BY.get(self.mode)
        if needed is None and self.by is not None:
            raise BadInput(
                f"The order {self.mode!r} has by={self.by!r}, which it makes no use of.",
                f"Leave by out, or use one of {_listed(_BY)}.",
            )
        if needed and not _is_text(self.by):
            raise BadInput(
                f"The order {self.mode!r} has by={self.by!r}.", f"Pass by=... with {needed}."
            )

    def _check_against(self) -> None:
        needed = self.mode == "disagreement"
        if not needed and self.against is not None:
            raise BadInput(
                f"The order {self.mode!r} has an against, which it makes no use of.",
                "Leave against out, or use 'disagreement'.",
            )
        blank = isinstance(self.against, str) and not _is_text(self.against)
        if needed and (self.against is None or blank):
            raise BadInput(
                f"The order 'disagreement' has against={self.against!r}.",
                "Pass against=... with the name of a score given by people, or an experiment.",
            )


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row that may be labelled.

    Args:
        item_id: Its item.
        repetition: 0 for the first.
        stratum: Its group, for "stratified".
        rank: Smaller comes first; None is unknown and comes after all known.
        changed: Its label was for another output, so it is queued first.
        carried: It has a label by carrying, so it is queued last, unless it is `changed` too.
    """

    item_id: str
    repetition: int
    stratum: str = ""
    rank: float | None = None
    changed: bool = False
    carried: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """One place of a queue.

    Args:
        item_id: Which item is shown.
        repetition: Which of its repetitions.
        repeat: Whether it was shown before.
        drawn: Why it has this place: "given", "shuffled", "stratified", "ranked", "random",
            "changed", "carried" or "repeat".
    """

    item_id: str
    repetition: int
    repeat: bool = False
    _: KW_ONLY
    drawn: str


def arrange(candidates: Sequence[Candidate], order: Order, seed: int) -> list[Planned]:
    """Queue rows: the changed ones, then the others, then the carried ones; each in the order.

    In a ranked order each place is kept for a random row with probability `random_share`. A queue
    that only follows a model never sees what the model is wrong about, and rates of what it holds
    say nothing about the rest. The rows of the random places are drawn from all rows, before any is
    ranked: however early a person stops, those marked "random" are a random sample of the rows
    that are neither changed nor carried, and a rate estimated from them alone is unbiased.

    Args:
        candidates: The rows, each once.
        order: How to queue them; its own seed is not looked at.
        seed: The same seed gives the same queue, in any process.

    Example:
        >>> rows = [Candidate("a", 0, rank=0.9), Candidate("b", 0, rank=0.1)]
        >>> queue = arrange(rows, Order("worst", by="helpfulness", random_share=0), seed=1)
        >>> [(place.item_id, place.drawn) for place in queue]
        [('b', 'ranked'), ('a', 'ranked')]
    """
    groups: dict[str, list[Candidate]] = {"changed": [], "": [], "carried": []}
    for candidate in candidates:
        groups[_group(candidate)].append(candidate)
    return [
        Planned(candidate.item_id, candidate.repetition, drawn=name or drawn)
        for name, group in groups.items()
        # A source of chance for each group: how many have changed does not stir up the others.
        for candidate, drawn in _by_mode(group, order, _chance(f"{seed} {name}"))
    ]


def with_repeats(
    planned: Sequence[Planned], share: float, seed: int, gap: int = 10
) -> list[Planned]:
    """Show some rows twice, so that people can be compared with themselves.

    Args:
        planned: The queue, whose own order stays as it is.
        share: How likely each row is shown again; whether it is depends on nothing but the row
            and the seed.
        seed: The same seed gives the same repeats, in any process.
        gap: How many others are shown in between, at least; the repeats of rows too near to the
            end come at the end.

    Raises:
        BadInput: If the share is not in 0..1, or the gap is no whole number from 0 on.
    """
    _check_share("The share of repeats", share)
    if not _is_int(gap) or gap < 0:
        raise BadInput(f"The gap before a repeat is {gap!r}.", "Use a whole number, 0 or more.")
    after: dict[int, list[Planned]] = {}
    for place, row in enumerate(planned):
        key = (seed, row.item_id, row.repetition)
        if not row.repeat and hashed_chance("repeat", *key) < share:
            free = max(0, len(planned) - place - gap)
            shift = int(hashed_chance("place", *key) * free)
            again = Planned(row.item_id, row.repetition, repeat=True, drawn="repeat")
            after.setdefault(min(place + gap + shift, len(planned) - 1), []).append(again)
    return [shown for n, row in enumerate(planned) for shown in (row, *after.get(n, ()))]


def worst_rank(value: ScoreValue | None) -> float | None:
    """The rank of a score where low ones come first; None for a text and where there is none."""
    return _number(value)


def uncertain_rank(value: ScoreValue | None, threshold: float) -> float | None:
    """The distance of a score from the threshold; None for a text and where there is none."""
    number = _number(value)
    return None if number is None else abs(number - threshold)


def disagreement_rank(first: ScoreValue | None, second: ScoreValue | None) -> float | None:
    """The rank of two scores of a row where those that differ most come first.

    None where one is missing, or one is a text and the other a number.

    Example:
        >>> disagreement_rank(1.0, 0.25), disagreement_rank("good", "bad")
        (-0.75, -1.0)
    """
    if isinstance(first, str) and isinstance(second, str):
        return 0.0 if first == second else -1.0
    one, other = _number(first), _number(second)
    return None if one is None or other is None else 0.0 - abs(one - other)


def hashed_chance(*parts: str | int) -> float:
    """A number from 0 up to 1 that looks random and is always the same for the same parts."""
    text = "\x1f".join(map(str, parts))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    # A float holds 53 bits: with all 64 the largest would round up to 1.
    return (int.from_bytes(digest[:8]) >> 11) / 2**53


def _group(candidate: Candidate) -> str:
    if candidate.changed:
        return "changed"
    return "carried" if candidate.carried else ""


def _by_mode(
    candidates: list[Candidate], order: Order, chance: random.Random
) -> Iterator[tuple[Candidate, str]]:
    """Rows in their order, each with how it was drawn."""
    if order.is_ranked:
        return _ranked(candidates, order.random_share, chance)
    if order.mode == "shuffle":
        candidates = _shuffled(candidates, chance)
    elif order.mode == "stratified":
        candidates = _in_turns(candidates, chance)
    return ((candidate, _DRAWN[order.mode]) for candidate in candidates)


def _in_turns(candidates: list[Candidate], chance: random.Random) -> list[Candidate]:
    strata: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        strata.setdefault(candidate.stratum, []).append(candidate)
    rows = [row for stratum in strata.values() for row in _shuffled(stratum, chance)]
    turns = [turn for stratum in strata.values() for turn in range(len(stratum))]
    # Sorting is stable: within a turn, the strata stay in their order.
    return _sorted_by(turns, rows)


def _ranked(
    candidates: list[Candidate], share: float, chance: random.Random
) -> Iterator[tuple[Candidate, str]]:
    is_random = [chance.random() < share for _ in candidates]
    mixed = _shuffled(candidates, chance)
    kept = sum(is_random)
    # Drawing from what the ranked places leave over would miss what is ranked first.
    sampled, ranked = iter(mixed[:kept]), iter(_by_rank(mixed[kept:]))
    return ((next(sampled), "random") if r else (next(ranked), "ranked") for r in is_random)


def _by_rank(candidates: list[Candidate]) -> list[Candidate]:
    """Rows with a rank, then those without; equal ones stay as they are."""
    ranks = [_number(candidate.rank) for candidate in candidates]
    known = [c for c, rank in zip(candidates, ranks, strict=True) if rank is not None]
    unknown = [c for c, rank in zip(candidates, ranks, strict=True) if rank is None]
    return _sorted_by([rank for rank in ranks if rank is not None], known) + unknown


def _shuffled(things: Sequence[T], chance: random.Random) -> list[T]:
    # Of the module random, only random() is promised to stay the same in later Pythons.
    return _sorted_by([chance.random() for _ in things], things)


def _sorted_by(keys: Sequence[float], things: Sequence[T]) -> list[T]:
    # Sorting numbers, not pairs, spares the garbage collector a hundred thousand tuples.
    return [things[n] for n in sorted(range(len(keys)), key=keys.__getitem__)]


def _chance(seed: str) -> random.Random:
    return random.Random(seed)  # noqa: S311 - no secret


def _number(value: object) -> float | None:
    """A number that can be compared; a text, a NaN and None are none."""
    if not isinstance(value, (bool, int, float)) or math.isnan(value):
        return None
    return float(value)


def _check_mode(mode: object) -> None:
    if mode in MODES:
        return
    near = get_close_matches(str(mode), MODES, n=3, cutoff=0.5)
    step = f"Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise BadInput(f"There is no order {mode!r}.", step or f"Use one of {_listed(MODES)}.")


def _check_share(what: str, share: object) -> None:
    if not _is_finite(share) or not 0 <= share <= 1:
        raise BadInput(f"{what} is {share!r}.", "Use a number from 0 to 1.")


def _is_finite(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, sorted(names, key=MODES.index)))
