"""What it costs to exchange messages: echoes, streams of small ones, memory for a large one.

Two processes over loopback TCP, a library on both sides or on one of them, against the floor: raw
sockets that exchange finished frames.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from beastly.core import Role
from tests.bench.comparison import ROLES, compare, floor_row, ratio_rows, spreads
from tests.bench.libraries import ORDER, RAW, installed
from tests.bench.method import Cost, Plan
from tests.bench.record import Section
from tests.bench.report import spread_note, table
from tests.bench.worker import Link, Pair, Verb, links, pairs

__all__ = [
    "SIZES",
    "WAYS",
    "echo_tables",
    "measure_echo",
    "measure_memory",
    "measure_stream",
    "memory_table",
    "stream_table",
]

SIZES: Final[Mapping[str, int]] = {
    "16 B": 16,
    "128 B": 128,
    "1 KiB": 1024,
    "16 KiB": 16 * 1024,
    "1 MiB": 1024 * 1024,
    "16 MiB": 16 * 1024 * 1024,
}

_SHARES: Final[Mapping[str, float]] = {"1 MiB": 0.18, "16 MiB": 0.3}
"""Of the time, what takes longer than the others to be measured as well."""

_SHARE: Final = (1 - sum(_SHARES.values())) / (len(SIZES) - len(_SHARES))

_STREAMED: Final = 64

WAYS: Final[Mapping[str, tuple[Verb, Verb]]] = {
    "client to server": ("push", "drain"),
    "server to client": ("drain", "push"),
}

_LARGE: Final = 16 * 1024 * 1024
_MEMORY_VERBS: Final[Mapping[str, Verb]] = {"reads": "drain", "writes": "push"}


def measure_echo(
    connected: Mapping[Pair, Link], plan: Plan, sizes: Mapping[str, int] = SIZES
) -> Section:
    """Measure a round trip of a binary message, by size."""

    def echo(size: int) -> Callable[[Link, int], Cost]:
        return lambda link, count: link.exchange("ping", "echo", size, count)

    return Section(
        {
            name: compare(connected, echo(size), plan.part(_SHARES.get(name, _SHARE)))
            for name, size in sizes.items()
        }
    )


def echo_tables(section: Section) -> str:
    """Return a table for each of the roles."""
    columns = section.columns
    parts = [
        table(
            [role, *columns],
            [
                floor_row(list(columns.values())),
                *ratio_rows([(samples, role) for samples in columns.values()]),
            ],
        )
        for role in ROLES
    ]
    note = spread_note(spread for samples in columns.values() for spread in spreads(samples))
    return "\n\n".join([*parts, note])


def measure_stream(connected: Mapping[Pair, Link], plan: Plan) -> Section:
    """Measure a message in a stream of small ones that go one way."""

    def stream(client: Verb, server: Verb) -> Callable[[Link, int], Cost]:
        return lambda link, count: link.exchange(client, server, _STREAMED, count)

    return Section(
        {way: compare(connected, stream(*verbs), plan.part(0.5)) for way, verbs in WAYS.items()}
    )


def stream_table(section: Section) -> str:
    """Return a table with the roles in both directions."""
    columns = [(way, samples, role) for way, samples in section.columns.items() for role in ROLES]
    head = [f"{_STREAMED} B", *(f"{way}: {role}" for way, _, role in columns)]
    rows = [
        floor_row([samples for _, samples, _ in columns]),
        *ratio_rows([(samples, role) for _, samples, role in columns]),
    ]
    note = spread_note(s for samples in section.columns.values() for s in spreads(samples))
    return f"{table(head, rows)}\n\n{note}"


def measure_memory(names: Sequence[str] = ()) -> Section:
    """Measure how far the memory of a fresh process grows for one large message.

    It is done for `names`, or for everybody.
    """
    known = set(pairs(installed()))
    values: dict[str, dict[str, float]] = {}
    for role in Role:
        for word, verb in _MEMORY_VERBS.items():
            values[f"{role.value} {word}"] = {
                name: _growth(pair, role, verb)
                for name in names or installed()
                if name != RAW and (pair := ROLES[role.value](name)) in known
            }
    return Section(values=values)


def _growth(pair: Pair, role: Role, verb: Verb) -> float:
    with links([pair]) as connected:
        return connected[pair].growth(role, verb, _LARGE) / _LARGE


def memory_table(section: Section) -> str:
    """Return a table with what each side of each library does."""
    rows: list[list[str]] = []
    for name in ORDER:
        cells = [
            f"{column[name]:.2f}" if name in column else "" for column in section.values.values()
        ]
        if any(cells):
            rows.append([name, *cells])
    return table(["16 MiB", *section.values], rows)
