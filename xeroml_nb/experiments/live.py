"""What an experiment needs of the work behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from xeroml_nb.experiments.engine import Engine
    from xeroml_nb.experiments.tally import Tally
    from xeroml_nb.records.experiment import ExperimentStatus, ItemStatus


class Live(Protocol):
    """Work on item runs that this process does: running them, or scoring them again."""

    tally: Tally
    engine: Engine | None
    status: ExperimentStatus

    @property
    def is_running(self) -> bool:
        """Item runs are being worked on, or a pause holds them."""

    def launch(self, *, again: frozenset[ItemStatus] = frozenset()) -> None:
        """Do what is missing, and item runs of some statuses again."""
