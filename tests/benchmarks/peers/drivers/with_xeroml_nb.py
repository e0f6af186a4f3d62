"""Drives xeroml_nb: `client.run` over a store in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from protocol import Driver, Run, main

if TYPE_CHECKING:
    from collections.abc import Callable


class XeromlNb(Driver):
    """The product itself."""

    def load(self) -> None:
        """Import it; it imports the rest when it is used."""
        import xeroml_nb

        self.xn = xeroml_nb

    def prepare(self, run: Run) -> Callable[[], Any]:
        """Make the dataset."""
        client = self._client()
        dataset = client.create_dataset(name=f"of {run.name}", items=run.rows)
        options: dict[str, Any] = {} if run.at_once is None else {"concurrency": run.at_once}
        return lambda: client.run(
            run.task, dataset, name=run.name, evaluators=run.scorers, **options
        )

    def right(self, result: Any) -> float:
        """From its table."""
        return float(result.to_frame()["exact"].mean())

    def kept(self, name: str) -> tuple[int, int]:
        """Results that are a success, and those with a score."""
        results = self._client().get_experiment(name).get_results()
        scored = [r for r in results if r.score("exact", default=None) is not None]
        return sum(r.output is not None for r in results), len(scored)

    def resume(self, run: Run) -> bool:
        """The same call again."""
        self.prepare(run)()
        return True

    def frame(self, names: list[str]) -> Any:
        """Of all runs at once."""
        return self._client().to_frame(*names)

    def _client(self) -> Any:
        return self.xn.get_client(self.folder / "store.db")


if __name__ == "__main__":
    main(XeromlNb)
