"""What it costs to exchange messages: echoes, streams of small ones, memory for a large one.

Two processes over loopback TCP, a library on both sides or on one of them, against the floor: raw
sockets that exchange finished frames.
"""

from collections.abc import Callable, Mapping
from typing import Final

from beastly.core import Role
from tests.bench.comparison import ROLES, compare, ratio_rows, spreads
from tests.bench.endpoints import CLIENTS, RAW
from tests.bench.method import Plan, Samples
from tests.bench.report import spread_note, table
from tests.bench.worker import Link, Pair, Verb, links, pairs

__all__ = ["echo_tables", "memory_table", "stream_table"]

SIZES: Final[Mapping[str, int]] = {
    "16 B": 16,
    "128 B": 128,
    "1 KiB": 1024,
    "16 KiB": 16 * 1024,
    "1 MiB": 1024 * 1024,
}

_STREAMED: Final = 64
_LARGE: Final = 16 * 1024 * 1024
_MEMORY_VERBS: Final[tuple[Verb, ...]] = ("drain", "push")


def echo_tables(connected: Mapping[Pair, Link], plan: Plan) -> str:
    """Measure a round trip of a binary message, by size."""

    def echo(size: int) -> Callable[[Link, int], float]:
        return lambda link, count: link.exchange("ping", "echo", size, count)

    samples = [compare(connected, echo(size), plan) for size in SIZES.values()]
    parts = [
        table([role, *SIZES], ratio_rows([(column, pair_of) for column in samples]))
        for role, pair_of in ROLES.items()
    ]
    return "\n\n".join([*parts, spread_note(s for column in samples for s in spreads(column))])


def stream_table(connected: Mapping[Pair, Link], plan: Plan) -> str:
    """Measure a message in a stream of small ones that go one way."""

    def stream(client: Verb, server: Verb) -> Samples[Pair]:
        return compare(
            connected, lambda link, count: link.exchange(client, server, _STREAMED, count), plan
        )

    samples = {"client sends": stream("push", "drain"), "server sends": stream("drain", "push")}
    head = [f"{way}: {role}" for way in samples for role in ROLES]
    columns = [(column, pair_of) for column in samples.values() for pair_of in ROLES.values()]
    note = spread_note(s for column in samples.values() for s in spreads(column))
    return f"{table([f'{_STREAMED} B', *head], ratio_rows(columns))}\n\n{note}"


def memory_table() -> str:
    """Measure how far the memory of a fresh process grows for one large message."""
    rows: list[list[str]] = []
    for name in CLIENTS:
        if name != RAW:
            cells = [_growth(name, role, verb) for role in Role for verb in _MEMORY_VERBS]
            rows.append([name, *cells])
    head = [f"{role.value} {verb}" for role in Role for verb in ("reads", "writes")]
    return table(["16 MiB", *head], rows)


def _growth(name: str, role: Role, verb: Verb) -> str:
    pair = ROLES[role.value](name)
    if pair not in pairs():
        return ""
    with links([pair]) as connected:
        return f"{connected[pair].growth(role, verb, _LARGE) / _LARGE:.2f}"
