"""What time limits cost: the echo of beastly with an idle timeout, and with deadlines."""

import threading
import timeit
from collections.abc import Callable
from typing import Final

from tests.bench.endpoints import DEADLINES, IDLE_TIMEOUT
from tests.bench.method import Plan, measure
from tests.bench.report import spread_note, table
from tests.bench.worker import Link, links

__all__ = ["time_table"]

PLAIN: Final = "beastly"
SIZES: Final = {"16 B": 16, "128 B": 128, "1 KiB": 1024}
_LOCKINGS: Final = 1_000_000


def time_table(plan: Plan) -> str:
    """Measure round trips with limits, in multiples of those without; and a lock by itself."""
    names = (PLAIN, IDLE_TIMEOUT, DEADLINES)
    with links([(name, name) for name in names]) as connected:

        def echo(name: str, size: int) -> Callable[[int], float]:
            link: Link = connected[name, name]
            return lambda count: link.exchange("ping", "echo", size, count)

        columns = [
            measure({name: echo(name, size) for name in names}, plan) for size in SIZES.values()
        ]
    rows = [[f"{PLAIN}, in µs", *(f"{samples.cost(PLAIN):.1f}" for samples in columns)]]
    rows += [
        [name, *(f"{samples.ratio(name, PLAIN):.2f}" for samples in columns)] for name in names[1:]
    ]
    spreads = [samples.spread(name, PLAIN) for samples in columns for name in names[1:]]
    return (
        f"{table(['both sides', *SIZES], rows)}\n\n{spread_note(spreads)} A round trip takes and"
        f" gives back four locks that nobody else wants, {4 * _locking():.2f} µs in all."
    )


def _locking() -> float:
    """Return the microseconds that taking a free lock and giving it back cost."""
    lock = threading.Lock()

    def lock_once() -> None:
        lock.acquire()
        lock.release()

    taken = min(timeit.repeat(lock_once, number=_LOCKINGS // 10, repeat=10))
    return taken / (_LOCKINGS // 10) * 1e6
