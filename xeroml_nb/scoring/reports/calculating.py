"""Calculate the score of a report when its card or one of its cells has changed."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xeroml_nb.errors import BadInput, CardFailed, XeromlError
from xeroml_nb.records import clock
from xeroml_nb.records.ids import score_id
from xeroml_nb.records.json_text import canonical_json
from xeroml_nb.records.report import ReportResult
from xeroml_nb.records.score import DataType, ScoreSource, ScoreTarget, new_score
from xeroml_nb.scoring.cards.card import ScoreCard
from xeroml_nb.scoring.cards.result import CardResult
from xeroml_nb.scoring.cards.rows import json_text
from xeroml_nb.store import reports, scores

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from xeroml_nb.records.report import ReportRecord
    from xeroml_nb.records.score import ScoreRecord
    from xeroml_nb.scoring.cards.rows import NamedRows
    from xeroml_nb.store.store import Store

AUTHOR = "score card"
# One report is calculated once at a time, however many ask; unrelated ones seldom share a lock.
_LOCKS = [threading.Lock() for _ in range(64)]


@dataclass(frozen=True, slots=True)
class Calculated:
    """A report whose score is that of its cells.

    Args:
        record: As it is stored now.
        result: What the card came to when it last did not fail; None where it always did.
    """

    record: ReportRecord
    result: CardResult | None


def calculate(store: Store, record: ReportRecord, named: NamedRows) -> Calculated | None:
    """Bring the score of a report with a card up to its cells; nothing is calculated twice.

    The score also becomes one of the experiment, in the same transaction.

    Args:
        store: Where the report lives.
        record: The report; it has a card.
        named: Its rows.

    Returns:
        None where the report was changed meanwhile, so that its rows have to be read again.
    """
    assert record.card is not None  # noqa: S101 - the callers checked
    card = ScoreCard.of(record.card)
    content = _content_hash(card, named)
    with _LOCKS[hash((store.place, record.id)) % len(_LOCKS)]:
        with store.reading() as connection:
            now = reports.by_id(connection, record.id)
        if now is None or now.updated_at != record.updated_at:
            return None
        if now.result is not None and now.result.content_hash == content:
            return Calculated(now, _result(card, named, now.result))
        result, stored = _outcome(card, named, content, now.result)
        kept = _kept(store, record, stored)
    return None if kept is None else Calculated(kept, result or _result(card, named, stored))


def _content_hash(card: ScoreCard, named: NamedRows) -> str:
    """Changes when the card or a cell changes."""
    parts = (card.column_names, card.code, card.code_language, card.name)
    text = canonical_json([parts, card.timeout, card.memory_mb, named.names])
    return hashlib.sha256((text + json_text(named.rows)).encode()).hexdigest()


def _outcome(
    card: ScoreCard, named: NamedRows, content: str, before: ReportResult | None
) -> tuple[CardResult | None, ReportResult]:
    """What the card comes to; where it fails, the score of the time before and the error."""
    at = clock.now()
    try:
        card.check_columns(named.names, rows=len(named.rows))
        result = card.score_named(named)
    except XeromlError as error:
        score = None if before is None else before.score
        matrix = None if before is None else before.score_matrix
        line = error.line if isinstance(error, CardFailed) else None
        printed = error.printed if isinstance(error, CardFailed) else ""
        # What is the fault of this computer, such as a missing package, is tried again.
        again = not isinstance(error, (CardFailed, BadInput))
        known = "" if again else content
        return None, ReportResult(score, matrix, printed, str(error), line, known, at)
    stored = ReportResult(
        result.score, result.score_matrix, result.printed, None, None, content, at
    )
    return result, stored


def _result(card: ScoreCard, named: NamedRows, stored: ReportResult) -> CardResult | None:
    """The result that was stored; the usual score of each column is not, and is cheap to find."""
    if stored.score is None:
        return None
    if stored.error is None and card.code is None:
        return card.score_named(named)
    printed = stored.printed if stored.error is None else ""
    return CardResult(stored.score, stored.score_matrix, printed)


def _kept(store: Store, record: ReportRecord, result: ReportResult) -> ReportRecord | None:
    """Store a result and the experiment's score, unless the report was changed meanwhile."""

    def work(connection: Connection) -> ReportRecord | None:
        if not reports.put_result(connection, record, result):
            return None
        if result.error is None:
            scores.put(connection, [_score(record, result)])
        return reports.existing(connection, record.id)

    return store.write(work)


def _score(record: ReportRecord, result: ReportResult) -> ScoreRecord:
    """The experiment's score that comes from a report."""
    assert record.card is not None  # noqa: S101 - the callers checked
    assert record.experiment_id is not None  # noqa: S101 - a blueprint has no rows
    return new_score(
        ScoreTarget(experiment_id=record.experiment_id),
        record.card.name,
        result.score,
        data_type=DataType.NUMERIC,
        author=AUTHOR,
        metadata={"report_id": record.id},
        id=score_key(record.experiment_id, record.id, record.card.name),
    )


def score_key(experiment_id: str, report_id: int, card: str) -> str:
    """The id of the experiment's score from a report; two reports may have cards of one name."""
    target = ScoreTarget(experiment_id=experiment_id)
    return score_id(target.key, card, ScoreSource.API, f"{AUTHOR} {report_id}")
