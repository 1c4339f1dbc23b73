"""What time limits cost: the echo of beastly with an idle timeout, and with deadlines."""

import threading
import timeit
from collections.abc import Callable
from typing import Final

from tests.bench.libraries import DEADLINES, IDLE_TIMEOUT, beastly
from tests.bench.method import Cost, Plan, measure
from tests.bench.record import Section
from tests.bench.report import spread_note, table
from tests.bench.worker import Link, Pair, links

__all__ = ["measure_time", "time_table"]

SIZES: Final = {"16 B": 16, "128 B": 128, "1 KiB": 1024}
_LOCKINGS: Final = 100_000
_LOCK: Final = "lock, in µs"
_PLAIN: Final = "without"


def measure_time(plan: Plan) -> Section:
    """Measure round trips with limits and without them, and a lock by itself."""
    names = {_PLAIN: beastly(), IDLE_TIMEOUT: IDLE_TIMEOUT, DEADLINES: DEADLINES}
    with links([Pair(name, name) for name in names.values()]) as connected:

        def echo(name: str, size: int) -> Callable[[int], Cost]:
            link: Link = connected[Pair(name, name)]
            return lambda count: link.exchange("ping", "echo", size, count)

        columns = {
            label: measure(
                {how: echo(name, size) for how, name in names.items()}, plan.part(1 / len(SIZES))
            )
            for label, size in SIZES.items()
        }
    return Section(columns, {_LOCK: {_PLAIN: _locking()}})


def _locking() -> float:
    """Return the microseconds that taking a free lock and giving it back cost."""
    lock = threading.Lock()

    def lock_once() -> None:
        lock.acquire()
        lock.release()

    return min(timeit.repeat(lock_once, number=_LOCKINGS, repeat=10)) / _LOCKINGS * 1e6


def time_table(section: Section) -> str:
    """Return a table in multiples of the echo without limits."""
    columns = list(section.columns.values())
    rows = [["beastly, in µs", *(f"{samples.cost(_PLAIN):.1f}" for samples in columns)]]
    limited = (IDLE_TIMEOUT, DEADLINES)
    rows += [
        [name, *(f"{samples.ratio(name, _PLAIN):.2f}" for samples in columns)] for name in limited
    ]
    spreads = [samples.spread(name, _PLAIN) for samples in columns for name in limited]
    return (
        f"{table(['both sides', *section.columns], rows)}\n\n{spread_note(spreads)} A round trip"
        " takes and gives back four locks that nobody else wants,"
        f" {4 * section.values[_LOCK][_PLAIN]:.2f} µs in all."
    )
