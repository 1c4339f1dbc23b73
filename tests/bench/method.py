"""How the benchmarks measure: interleaved rounds, ratios within a round, medians of them.

A machine is never quiet and never the same twice. So all candidates take turns in short batches,
each cost is divided by that of the yardstick in the same round, and the median of these ratios is
what counts. A cost is CPU time, of both processes where there are two: what a call waits for is the
machine's, not the library's. The time that passes is kept beside it. Nothing here knows what is
measured.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

__all__ = ["Cost", "Plan", "Samples", "measure", "pin", "timed"]

_FEWEST_ROUNDS: Final = 3


class Cost(NamedTuple):
    """The seconds that something took: of CPU, and on the wall."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Plan:
    """How long to measure: at most so many rounds, within a budget of seconds on the wall.

    A batch of each candidate takes about `batch` seconds of CPU. There are three rounds at least,
    whatever they take.
    """

    budget: float = 10.0
    rounds: int = 25
    batch: float = 0.03

    def part(self, share: float) -> "Plan":
        """Return the same plan with a share of the budget."""
        return replace(self, budget=self.budget * share)


@dataclass(frozen=True)
class Samples:
    """What an operation of each candidate took, in microseconds, one number for each round."""

    costs: Mapping[str, Sequence[float]]
    walls: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])

    def cost(self, name: str) -> float:
        """Return the median of the CPU time of one operation, in microseconds."""
        return statistics.median(self.costs[name])

    def ratio(self, name: str, yardstick: str) -> float:
        """Return the median of the cost in multiples of that of `yardstick` in the same round."""
        return statistics.median(_ratios(self.costs, name, yardstick))

    def wall_ratio(self, name: str, yardstick: str) -> float:
        """Return the same of the time that passed."""
        return statistics.median(_ratios(self.walls, name, yardstick))

    def excess(self, name: str, yardstick: str) -> float:
        """Return the median of what the cost is above that of `yardstick` in the same round."""
        return statistics.median(_differences(self.costs, name, yardstick))

    def wall_excess(self, name: str, yardstick: str) -> float:
        """Return the same of the time that passed."""
        return statistics.median(_differences(self.walls, name, yardstick))

    def spread(self, name: str, yardstick: str) -> float:
        """Return how far apart the quartiles of the ratios are, as a part of their median."""
        low, middle, high = statistics.quantiles(_ratios(self.costs, name, yardstick), n=4)
        return (high - low) / middle


_Rounds = Mapping[str, Sequence[float]]


def _ratios(rounds: _Rounds, name: str, yardstick: str) -> list[float]:
    return [cost / unit for cost, unit in zip(rounds[name], rounds[yardstick], strict=True)]


def _differences(rounds: _Rounds, name: str, yardstick: str) -> list[float]:
    return [cost - unit for cost, unit in zip(rounds[name], rounds[yardstick], strict=True)]


def measure(candidates: Mapping[str, Callable[[int], Cost]], plan: Plan) -> Samples:
    """Let the candidates take turns.

    Each does as many operations as it is told, and returns what they took together.
    """
    end = time.monotonic() + plan.budget
    counts = {name: _batch_size(run, plan.batch) for name, run in candidates.items()}
    costs: dict[str, list[float]] = {name: [] for name in candidates}
    walls: dict[str, list[float]] = {name: [] for name in candidates}
    order = list(candidates)
    for number in range(plan.rounds):
        begin = time.monotonic()
        for name in order:
            taken = candidates[name](counts[name])
            costs[name].append(taken.cpu / counts[name] * 1e6)
            walls[name].append(taken.wall / counts[name] * 1e6)
        # What ran before has filled the caches, so it should not always be the same.
        order = [*order[2:], *order[:2]][::-1]
        now = time.monotonic()
        if number + 1 >= _FEWEST_ROUNDS and now + (now - begin) > end:
            break
    return Samples(costs, walls)


def _batch_size(run: Callable[[int], Cost], seconds: float) -> int:
    """Return how many operations take about so many seconds of CPU; it warms up what is run."""
    count = 1
    while (taken := run(count).cpu) < seconds / 4:
        count *= 2
    return max(1, round(count * seconds / taken))


def timed(run: Callable[[], object]) -> Callable[[int], Cost]:
    """Return what does `run` so many times, and tells what that cost this process."""

    def repeat(count: int) -> Cost:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(count):
            run()
        return Cost(time.process_time() - cpu, time.perf_counter() - wall)

    return repeat


def pin() -> str:
    """Keep this process, and those that it starts, on one core; return how that went, in words.

    Two processes on two cores of a virtual machine measure how it wakes an idle core.
    """
    if sys.platform != "linux":
        return "not pinned to a core"
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return "all processes on one core"
