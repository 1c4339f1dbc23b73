"""What an opening handshake costs: by itself, with a connection, and the parsing of heads.

By itself it goes over socket pairs, with both ends in one process. Over loopback TCP a connection
is all of it: to connect, to shake hands, to end the connection, with an end in each process.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from beastly.http import RequestParser
from tests.bench.comparison import ROLES, compare, floor_row, ratio_rows, spreads
from tests.bench.endpoints import CLIENTS_OVER, SERVERS_OVER
from tests.bench.libraries import RAW
from tests.bench.method import Cost, Plan, Samples, measure, timed
from tests.bench.record import Section
from tests.bench.report import spread_note, table
from tests.bench.worker import Link, Pair, Side

__all__ = [
    "connection_table",
    "handshake_table",
    "head_pieces",
    "head_table",
    "measure_connection",
    "measure_handshake",
    "measure_head",
    "parse_head",
]

_COLUMN: Final = "handshake"
_CONNECTION: Final = "connection"

_HEAD_SIZES: Final[Mapping[str, int]] = {f"{kib} KiB": kib * 1024 for kib in (1, 4, 16, 64)}
_LINE: Final = 512

_CHUNKS: Final[Mapping[str, int]] = {"whole": 65536, "1460 bytes": 1460, "1 byte": 1}


def measure_handshake(connected: Mapping[Pair, Link], plan: Plan) -> Section:
    """Measure a handshake over a socket pair, of which both ends are in one process."""
    candidates = {
        str(pair): _over_socket_pairs(pair, link)
        for pair, link in connected.items()
        if pair.client in CLIENTS_OVER and pair.server in SERVERS_OVER
    }
    return Section({_COLUMN: measure(candidates, plan)})


def _over_socket_pairs(pair: Pair, link: Link) -> Callable[[int], Cost]:
    # The process of a library is told which of its paths to take; the floor may be anywhere.
    worker = link.server if pair.client == RAW else link.client
    return lambda count: worker.tell(Side.shake_hands, pair.client, pair.server, count).get()


def handshake_table(section: Section) -> str:
    """Return a table with the roles."""
    return _role_table(section.columns[_COLUMN])


def _role_table(samples: Samples) -> str:
    rows = [
        floor_row([samples] * len(ROLES)),
        *ratio_rows([(samples, role) for role in ROLES]),
    ]
    return f"{table(['', *ROLES], rows)}\n\n{spread_note(spreads(samples))}"


def measure_connection(connected: Mapping[Pair, Link], plan: Plan) -> Section:
    """Measure a connection that is opened, shakes hands and is dropped."""
    return Section({_CONNECTION: compare(connected, Link.open_connections, plan)})


def connection_table(section: Section) -> str:
    """Return a table with the roles, and how many connections a second that makes."""
    samples = section.columns[_CONNECTION]
    named = [tuple(pair.split(" > ")) for pair in samples.costs]
    rates = "; ".join(
        f"{client} {1e6 / samples.cost(f'{client} > {server}'):.0f}"
        for client, server in named
        if client == server
    )
    note = f"Connections a second with both sides on one core: {rates}."
    return f"{_role_table(samples)}\n{note}"


def measure_head(plan: Plan) -> Section:
    """Measure the parsing of a request's head, by its size and by how it is cut."""
    return Section(
        {
            name: measure(
                {
                    how: timed(partial(parse_head, head_pieces(size, chunk)))
                    for how, chunk in _CHUNKS.items()
                },
                plan.part(1 / len(_HEAD_SIZES)),
            )
            for name, size in _HEAD_SIZES.items()
        }
    )


def head_table(section: Section) -> str:
    """Return a table with what a KiB costs."""
    rows = [
        [
            how,
            *(
                f"{section.columns[name].cost(how) * 1024 / size:.1f}"
                for name, size in _HEAD_SIZES.items()
            ),
        ]
        for how in _CHUNKS
    ]
    return table(["µs per KiB", *_HEAD_SIZES], rows)


def head_pieces(size: int, chunk: int) -> list[bytes]:
    """Return a request's head of so many bytes, in lines of 512 bytes, cut into pieces."""
    head = b"GET / HTTP/1.1\r\n"
    while rest := size - len(head) - 2:
        head += b"Field: " + b"v" * (min(rest, _LINE) - len("Field: \r\n")) + b"\r\n"
    head += b"\r\n"
    return [head[at : at + chunk] for at in range(0, size, chunk)]


def parse_head(pieces: list[bytes]) -> None:
    """Parse a head that comes in pieces."""
    parser = RequestParser()
    for piece in pieces:
        parser.feed(piece)
    if not parser.done:
        raise RuntimeError("the head has no end")
