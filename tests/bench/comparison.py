"""Libraries in two processes, compared with the floor: who is on which side, ratios as rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.bench.endpoints import CLIENTS, RAW
from tests.bench.method import Plan, Samples, measure
from tests.bench.worker import FLOOR, Link, Pair

__all__ = ["ROLES", "compare", "ratio_rows", "spreads"]

ROLES: Final[Mapping[str, Callable[[str], Pair]]] = {
    "both sides": lambda name: (name, name),
    "client": lambda name: (name, RAW),
    "server": lambda name: (RAW, name),
}
"""Where a library is compared; on the other side, if it has one, is the floor."""

_Column = tuple[Samples[Pair], Callable[[str], Pair]]


def compare(
    connected: Mapping[Pair, Link], operation: Callable[[Link, int], float], plan: Plan
) -> Samples[Pair]:
    """Measure one operation over each of the connections."""

    def on(link: Link) -> Callable[[int], float]:
        return lambda count: operation(link, count)

    return measure({pair: on(link) for pair, link in connected.items()}, plan)


def ratio_rows(columns: Sequence[_Column]) -> list[list[str]]:
    """Return a row for each library: in each column the cost in multiples of the floor's.

    The first row is the floor itself, in microseconds.
    """
    rows = [[f"{RAW}, in µs", *(f"{samples.cost(FLOOR):.1f}" for samples, _ in columns)]]
    for name in CLIENTS:
        cells = [
            f"{samples.ratio(pair_of(name), FLOOR):.2f}" if pair_of(name) in samples.costs else ""
            for samples, pair_of in columns
        ]
        if name != RAW and any(cells):
            rows.append([name, *cells])
    return rows


def spreads(samples: Samples[Pair]) -> list[float]:
    """Return how far the ratios of each pair spread."""
    return [samples.spread(pair, FLOOR) for pair in samples.costs if pair != FLOOR]
