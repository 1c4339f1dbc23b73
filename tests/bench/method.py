"""How the benchmarks measure: interleaved rounds, ratios within a round, medians of them.

A machine is never quiet and never the same twice. So all candidates take turns in short batches,
each cost is divided by that of the yardstick in the same round, and the median of these ratios is
what counts. Costs are CPU time, of both processes where there are two: what a call waits for is the
machine's, not the library's. Nothing here knows what is measured.
"""

import os
import statistics
import sys
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Plan", "Samples", "measure", "pin"]

_Name = TypeVar("_Name", bound=Hashable)


@dataclass(frozen=True)
class Plan:
    """How long to measure: so many rounds, with so many seconds of CPU for each candidate."""

    rounds: int = 15
    seconds: float = 0.05


@dataclass(frozen=True)
class Samples(Generic[_Name]):
    """The CPU seconds per operation of each candidate, one number for each round."""

    costs: Mapping[_Name, Sequence[float]]

    def cost(self, name: _Name) -> float:
        """Return the median cost of one operation in microseconds."""
        return statistics.median(self.costs[name]) * 1e6

    def ratio(self, name: _Name, yardstick: _Name) -> float:
        """Return the median of the cost in multiples of that of `yardstick` in the same round."""
        return statistics.median(self._ratios(name, yardstick))

    def spread(self, name: _Name, yardstick: _Name) -> float:
        """Return how far apart the quartiles of the ratios are, as a part of their median."""
        low, middle, high = statistics.quantiles(self._ratios(name, yardstick), n=4)
        return (high - low) / middle

    def _ratios(self, name: _Name, yardstick: _Name) -> list[float]:
        rounds = zip(self.costs[name], self.costs[yardstick], strict=True)
        return [cost / unit for cost, unit in rounds]


def measure(candidates: Mapping[_Name, Callable[[int], float]], plan: Plan) -> Samples[_Name]:
    """Let the candidates take turns.

    Each does as many operations as it is told, and returns the CPU seconds that they took.
    """
    counts = {name: _batch_size(run, plan.seconds) for name, run in candidates.items()}
    costs: dict[_Name, list[float]] = {name: [] for name in candidates}
    order = list(candidates)
    for _ in range(plan.rounds):
        for name in order:
            costs[name].append(candidates[name](counts[name]) / counts[name])
        # What ran before has filled the caches, so it should not always be the same.
        order = [*order[2:], *order[:2]][::-1]
    return Samples(costs)


def _batch_size(run: Callable[[int], float], seconds: float) -> int:
    """Return how many operations take about so many seconds of CPU; it warms up what is run."""
    count = 1
    while (taken := run(count)) < seconds / 4:
        count *= 2
    return max(1, round(count * seconds / taken))


def pin() -> str:
    """Keep this process, and those that it starts, on one core; return how that went, in words.

    Two processes on two cores of a virtual machine measure how it wakes an idle core.
    """
    if sys.platform != "linux":
        return "not pinned to a core"
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return "all processes on one core"
