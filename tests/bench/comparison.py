"""Libraries in two processes, compared with the floor: who is on which side, ratios as rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tests.bench.libraries import ORDER, RAW
from tests.bench.method import Cost, Plan, Samples, measure
from tests.bench.worker import Link, Pair

__all__ = ["BOTH", "FLOOR", "ROLES", "compare", "floor_row", "ratio_rows", "spreads"]

FLOOR: Final = str(Pair(RAW, RAW))

BOTH: Final = "both sides"

ROLES: Final[Mapping[str, Callable[[str], Pair]]] = {
    BOTH: lambda name: Pair(name, name),
    "client": lambda name: Pair(name, RAW),
    "server": lambda name: Pair(RAW, name),
}
"""Where a library is compared; on the other side, if it has one, is the floor."""

_Column = tuple[Samples, str]


def compare(
    connected: Mapping[Pair, Link], operation: Callable[[Link, int], Cost], plan: Plan
) -> Samples:
    """Measure one operation over each of the connections."""

    def on(link: Link) -> Callable[[int], Cost]:
        return lambda count: operation(link, count)

    return measure({str(pair): on(link) for pair, link in connected.items()}, plan)


def floor_row(columns: Sequence[Samples]) -> list[str]:
    """Return the row of the floor itself, in microseconds."""
    return [f"{RAW}, in µs", *(f"{samples.cost(FLOOR):.1f}" for samples in columns)]


def ratio_rows(columns: Sequence[_Column]) -> list[list[str]]:
    """Return a row for each library: in each column the cost in multiples of the floor's.

    A column is its samples and one of `ROLES`. In brackets stand the multiples of the time that
    passed.
    """
    rows: list[list[str]] = []
    for name in ORDER:
        cells = [_cell(samples, str(ROLES[role](name))) for samples, role in columns]
        if name != RAW and any(cells):
            rows.append([name, *cells])
    return rows


def _cell(samples: Samples, pair: str) -> str:
    if pair not in samples.costs:
        return ""
    return f"{samples.ratio(pair, FLOOR):.2f} ({samples.wall_ratio(pair, FLOOR):.2f})"


def spreads(samples: Samples) -> list[float]:
    """Return how far the ratios of each pair spread."""
    return [samples.spread(pair, FLOOR) for pair in samples.costs if pair != FLOOR]
