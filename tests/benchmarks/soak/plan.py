"""What a soak does: how much is run, what is broken, and after how many items."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Plan:
    """The sizes of a soak; all that is random follows from its seed.

    Args:
        seed: Of everything random.
        minutes: After which no further batch is begun.
        batches: Experiments, one after the other.
        size: Items of each.
        lanes: Tasks at the same time.
        answers_in: Seconds that the model takes, at least and at most.
        timeout: Seconds that a task may take.
        one_raises: So many items for each whose task raises.
        one_hangs: Likewise, whose task does not end in time.
        one_burst: Questions to the model for each time that it turns all away.
        kernel_kills: How often the kernel is killed.
        killed_until: Share of the items after which it is left alone, so that its memory shows.
        server_kills: How often the server is killed.
        server_away: Seconds that it stays away then, at least and at most.
        full_disks: How often the kernel's disk is full.
        disk_full: Seconds that it stays so, at least and at most.
        look_every: Seconds between two looks at the kernel's memory.
    """

    seed: int
    minutes: float = 30.0
    batches: int = 40
    size: int = 5_000
    lanes: int = 25
    answers_in: tuple[float, float] = (0.02, 0.12)
    timeout: float = 6.0
    one_raises: int = 100
    one_hangs: int = 2_500
    one_burst: int = 3_000
    kernel_kills: int = 12
    killed_until: float = 0.6
    server_kills: int = 16
    server_away: tuple[float, float] = (0.2, 4.0)
    full_disks: int = 8
    disk_full: tuple[float, float] = (0.2, 4.0)
    look_every: float = 1.0

    @property
    def items(self) -> int:
        """Items in all."""
        return self.batches * self.size

    def moments(self, what: str, count: int, share: float = 1.0) -> list[int]:
        """After how many items something is broken: one moment in each of equal parts.

        Args:
            what: Is broken.
            count: How often.
            share: Of all items; nothing is broken after it.
        """
        draw = self.draw(what)
        part = self.items * share / count
        return [int((n + draw.uniform(0.1, 0.7)) * part) for n in range(count)]

    def draw(self, what: str) -> random.Random:
        """Random numbers for one purpose, whatever is drawn for others."""
        return random.Random(f"{self.seed} {what}")


def plan_of(*, quick: bool) -> Plan:
    """The plan that is asked for: long or short, with what the environment says."""
    seed = int(os.environ.get("SOAK_SEED") or random.randrange(1_000_000))
    if quick:
        return _quick(seed)
    plan = Plan(seed)
    items = int(os.environ.get("SOAK_ITEMS") or plan.items)
    minutes = float(os.environ.get("SOAK_MINUTES") or plan.minutes)
    share = items / plan.items
    return replace(
        plan,
        minutes=minutes,
        batches=max(2, round(items / plan.size)),
        kernel_kills=max(1, round(plan.kernel_kills * share)),
        server_kills=max(1, round(plan.server_kills * share)),
        full_disks=max(1, round(plan.full_disks * share)),
    )


def _quick(seed: int) -> Plan:
    return Plan(
        seed,
        minutes=1.0,
        batches=2,
        size=120,
        lanes=10,
        answers_in=(0.02, 0.05),
        timeout=2.0,
        one_raises=50,
        one_hangs=120,
        one_burst=80,
        kernel_kills=1,
        server_kills=1,
        server_away=(0.1, 0.3),
        full_disks=1,
        disk_full=(0.1, 0.5),
        look_every=0.1,
    )
