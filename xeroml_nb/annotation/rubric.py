"""What a person is asked about each item."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from xeroml_nb.annotation import keymap
from xeroml_nb.annotation.choices import Option
from xeroml_nb.annotation.dimension import Dimension, Kind
from xeroml_nb.errors import BadInput
from xeroml_nb.records.ids import checked_name, content_hash
from xeroml_nb.records.json_text import safe_repr

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, init=False)
class Rubric:
    """What a person is asked about each item: a list of dimensions.

    Args:
        dimensions: In the order they are asked.
        name: Labels of one experiment under one rubric name belong together, also when the
            rubric changes; another name begins afresh.

    Raises:
        BadInput: If there is no dimension, or if names or keys clash.

    Example:
        >>> rubric = Rubric([Dimension("verdict", options=["pass", "fail", "defer"])])
        >>> [(b.key, b.text) for b in rubric.bindings[:2]]
        [('1', "option 'pass' of 'verdict'"), ('2', "option 'fail' of 'verdict'")]
    """

    dimensions: tuple[Dimension, ...]
    name: str

    def __init__(self, dimensions: Iterable[Dimension], *, name: str = "labels") -> None:
        object.__setattr__(self, "dimensions", _checked(dimensions))
        object.__setattr__(self, "name", checked_name("rubric", name))
        if not self.dimensions:
            raise BadInput(
                f"Rubric {name!r} asks nothing.", "Give it at least one Dimension(name, options=…)."
            )
        seen: set[str] = set()
        for dimension in self.dimensions:
            if dimension.name in seen:
                raise BadInput(
                    f"Rubric {name!r} has two dimensions called {dimension.name!r}.",
                    "Rename one of them.",
                )
            seen.add(dimension.name)
        keymap.option_bindings(self.dimensions)

    @classmethod
    def pass_fail(cls) -> Rubric:
        """Pass, fail or defer: the quick start."""
        options = [Option("pass", "p", 1), Option("fail", "x", 0), Option("defer")]
        return cls([Dimension("verdict", options=options, direction="higher")])

    @classmethod
    def stars(cls) -> Rubric:
        """One to five stars."""
        return cls([Dimension("stars", "scale", minimum=1, maximum=5)])

    @classmethod
    def thumbs(cls) -> Rubric:
        """Thumb up or down."""
        return cls([Dimension("thumb", "boolean", options=["👍 up", "👎 down"])])

    @classmethod
    def preference(cls) -> Rubric:
        """Which of two outputs is better."""
        return cls([Dimension("preference", "preference")], name="preference")

    @cached_property
    def id(self) -> str:
        """The same questions have the same id."""
        return content_hash([dimension.config_id for dimension in self.dimensions])

    @property
    def bindings(self) -> list[keymap.Binding]:
        """Every key that works while labelling."""
        return keymap.table(self.dimensions)

    def keys(self) -> pd.DataFrame:
        """Every key that works while labelling: the columns `key` and `what it does`."""
        import pandas as pd

        rows = [(keymap.shown_key(b.key), b.text) for b in self.bindings]
        return pd.DataFrame(rows, columns=["key", "what it does"])

    def __getitem__(self, name: str) -> Dimension:
        for dimension in self.dimensions:
            if dimension.name == name:
                return dimension
        raise BadInput(
            f"The rubric has no dimension {name!r}.",
            f"It has {', '.join(repr(d.name) for d in self.dimensions)}.",
        )

    @property
    def is_pairwise(self) -> bool:
        """It asks which of two outputs is better."""
        return any(d.kind is Kind.PREFERENCE for d in self.dimensions)


def _checked(dimensions: object) -> tuple[Dimension, ...]:
    given = (
        [] if isinstance(dimensions, str) or not isinstance(dimensions, Iterable) else dimensions
    )
    found = tuple(given)
    odd = [one for one in found if not isinstance(one, Dimension)]
    if odd or given is not dimensions:
        shown = odd[0] if odd else dimensions
        raise BadInput(
            f"A rubric was given {safe_repr(shown)[:80]} as a dimension.",
            "Pass a list: Rubric([Dimension('verdict', options=['pass', 'fail'])]).",
        )
    return found
