"""What compression costs: the echo of JSON text with it and without, and the memory it holds.

Both ends are in this process, so that its CPU time is that of both. The floor of a compressed echo
is what zlib itself takes for it, called directly, and the echo without compression.
"""

import itertools
import json
import random
import resource
import socket
import statistics
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from beastly.core import Role
from beastly.websocket import PermessageDeflate, Stream
from beastly.websocket._deflate import codec
from beastly.websocket._deflate_negotiation import Parameters, agree
from tests.bench.libraries import WEBSOCKETS, backends, installed
from tests.bench.method import Cost, Plan, Samples, measure, timed
from tests.bench.record import Section
from tests.bench.report import spread_note, table

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection
    from websockets.sync.server import ServerConnection

__all__ = [
    "PEER",
    "codecs_table",
    "deflate_table",
    "json_texts",
    "measure_codecs",
    "measure_deflate",
    "measure_settings",
    "settings_table",
    "with_backend",
]

SIZES: Final[Mapping[str, int]] = {"1 KiB": 1024, "64 KiB": 64 * 1024}

_TEXTS: Final = 64
"""Different messages, so that none finds itself again in the window."""

_LEVEL: Final = 6
_WINDOW_BITS: Final = 12
_MEM_LEVEL: Final = 5

ZLIB: Final = "zlib alone"
PLAIN: Final = "beastly, not compressed"
COMPRESSED: Final = "beastly, compressed"
PEER_PLAIN: Final = "websockets, not compressed"
PEER: Final = "websockets, compressed"

_on: Final = partial(PermessageDeflate, server_enable=True, client_enable=True)
_ON: Final = _on()

OPTIONS: Final[Mapping[str, PermessageDeflate | None]] = {
    "not compressed": None,
    "compressed": _ON,
    "windows of 15, memory level 8": _on(
        server_max_window_bits=15, client_max_window_bits=15, mem_level=8
    ),
    "no context takeover": _on(server_no_context_takeover=True, client_no_context_takeover=True),
}

SETTINGS: Final[Mapping[str, PermessageDeflate]] = {
    "as it is at first": _ON,
    "level 1": _on(comp_level=1),
    "level 9": _on(comp_level=9),
    "windows of 9": _on(server_max_window_bits=9, client_max_window_bits=9),
    "windows of 15, memory level 8": _on(
        server_max_window_bits=15, client_max_window_bits=15, mem_level=8
    ),
    "Beast's: windows of 15, level 8, memory level 4": _on(
        server_max_window_bits=15, client_max_window_bits=15, comp_level=8, mem_level=4
    ),
    "no context takeover": OPTIONS["no context takeover"] or _ON,
    "zlib-ng": _on(backend="zlib-ng"),
    "isal": _on(backend="isal"),
}

_PAIRS: Final = 100
_MEMORY_MESSAGES: Final = 8


def json_texts(size: int, count: int = _TEXTS) -> list[str]:
    """Return texts of `size` bytes that look like the answers of a service; always the same."""
    choose = random.Random(5)
    texts: list[str] = []
    for _ in range(count):
        records: list[str] = []
        length = 1
        while length < size + 2:
            record = {
                "id": choose.randrange(1_000_000),
                "user": f"user{choose.randrange(5000)}",
                "price": round(choose.random() * 1000, 2),
                "active": choose.random() < 0.5,
                "tags": choose.sample(["new", "sale", "used", "large", "small", "red"], 2),
            }
            records.append(json.dumps(record))
            length += len(records[-1]) + 2
        texts.append(f"[{', '.join(records)}"[:size])
    return texts


def with_backend(name: str) -> str:
    """Return the row of beastly that compresses with one of the backends."""
    return f"{COMPRESSED} by {name}"


def measure_deflate(plan: Plan) -> Section:
    """Measure the echo of JSON text by size, and its floor."""
    columns: dict[str, Samples] = {}
    for name, size in SIZES.items():
        with ExitStack() as stack:
            echoes = {
                row: stack.enter_context(echo) for row, echo in _echoes(json_texts(size)).items()
            }
            columns[name] = measure(echoes, plan.part(1 / len(SIZES)))
    return Section(columns)


_Echo = AbstractContextManager[Callable[[int], Cost]]


def _echoes(texts: Sequence[str]) -> dict[str, _Echo]:
    echoes: dict[str, _Echo] = {
        ZLIB: _zlib_echo(texts),
        PLAIN: _beastly_echo(texts, None),
        COMPRESSED: _beastly_echo(texts, _ON),
    }
    for name in backends():
        echoes[with_backend(name)] = _beastly_echo(texts, _on(backend=name))
    if WEBSOCKETS in installed():
        echoes[PEER_PLAIN] = _websockets_echo(texts, None)
        echoes[PEER] = _websockets_echo(texts, "deflate")
    return echoes


def deflate_table(section: Section) -> str:
    """Return a table in microseconds, and of some in multiples of the floor."""
    columns = section.columns.values()
    known = list(next(iter(columns)).costs)
    rows = [[name, *(f"{samples.cost(name):.0f}" for samples in columns)] for name in known]
    for name, plain in ((COMPRESSED, PLAIN), (PEER, PEER_PLAIN)):
        if name in known:
            ratios = [_ratio_to_floor(samples, name, plain) for samples in columns]
            rows.append([f"{name} / (zlib + not)", *(f"{ratio:.2f}" for ratio in ratios)])
    note = spread_note(samples.spread(COMPRESSED, ZLIB) for samples in columns)
    return f"{table(['µs', *section.columns], rows)}\n\n{note}"


def _ratio_to_floor(samples: Samples, name: str, plain: str) -> float:
    """Return the median of the cost in multiples of zlib and the echo without, in each round."""
    rounds = zip(samples.costs[name], samples.costs[ZLIB], samples.costs[plain], strict=True)
    return statistics.median(cost / (floor + echo) for cost, floor, echo in rounds)


def _timed(echo: Callable[[str], object], texts: Sequence[str]) -> Callable[[int], Cost]:
    """Return what does so many echoes and tells what they cost this process."""
    turn = itertools.cycle(texts)
    return timed(lambda: echo(next(turn)))


@contextmanager
def _zlib_echo(texts: Sequence[str]) -> Iterator[Callable[[int], Cost]]:
    ends = [_ZlibEnd(), _ZlibEnd()]

    def echo(text: str) -> None:
        for sending in ends:
            sending.send(text.encode())

    yield _timed(echo, texts)


class _ZlibEnd:
    """One direction, as it is done by hand."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -_WINDOW_BITS, _MEM_LEVEL)
        self._decompressor = zlib.decompressobj(-_WINDOW_BITS)

    def send(self, data: bytes) -> bytes:
        compressed = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        return self._decompressor.decompress(compressed)


@contextmanager
def _beastly_echo(
    texts: Sequence[str], option: PermessageDeflate | None
) -> Iterator[Callable[[int], Cost]]:
    with _open_pair(option) as (client, server):

        def echo(text: str) -> None:
            client.write(text)
            server.write(server.read())
            client.read()

        yield _timed(echo, texts)


@contextmanager
def _open_pair(
    option: PermessageDeflate | None,
) -> Iterator[tuple[Stream[socket.socket], Stream[socket.socket]]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    with near, far:
        client, server = Stream(near), Stream(far)
        if option is not None:
            client.set_option(option)
            server.set_option(option)
        accepting = threading.Thread(target=server.accept)
        accepting.start()
        client.handshake("localhost", "/")
        accepting.join()
        yield client, server


@contextmanager
def _websockets_echo(
    texts: Sequence[str], compression: str | None
) -> Iterator[Callable[[int], Cost]]:
    from websockets.sync.client import connect
    from websockets.sync.server import serve

    def handle(connection: "ServerConnection") -> None:
        for message in connection:
            connection.send(message)

    with serve(handle, "127.0.0.1", 0, compression=compression, ping_interval=None) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port: int = server.socket.getsockname()[1]
        client: "ClientConnection"
        with connect(
            f"ws://127.0.0.1:{port}/", compression=compression, ping_interval=None
        ) as client:

            def echo(text: str) -> None:
                client.send(text)
                client.recv()

            yield _timed(echo, texts)


def measure_settings(plan: Plan) -> Section:
    """Measure what compressing a message takes, and what is left of it, by settings."""
    known = ("zlib", *backends())
    settings = {name: option for name, option in SETTINGS.items() if option.backend in known}
    columns: dict[str, Samples] = {}
    left: dict[str, dict[str, float]] = {}
    for size_name, size in SIZES.items():
        texts = [text.encode() for text in json_texts(size)]
        deflate = {name: _deflates(option, texts) for name, option in settings.items()}
        runs = {name: run for name, (run, _) in deflate.items()}
        columns[size_name] = measure(runs, plan.part(1 / len(SIZES)))
        left[size_name] = {name: share for name, (_, share) in deflate.items()}
    return Section(columns, left)


def settings_table(section: Section) -> str:
    """Return a table with both."""
    rows: list[list[str]] = []
    for name in SETTINGS:
        cells: list[str] = []
        for size, samples in section.columns.items():
            if name in samples.costs:
                cells += [f"{samples.cost(name):.0f}", f"{section.values[size][name]:.1%}"]
        if cells:
            rows.append([name, *cells])
    return table(["", *(f"{size}: {what}" for size in SIZES for what in ("µs", "left"))], rows)


def _deflates(
    option: PermessageDeflate, texts: Sequence[bytes]
) -> tuple[Callable[[int], Cost], float]:
    """Return what compresses so many of `texts`, and what part of them is left."""
    accepted = Parameters(
        server_no_context_takeover=option.server_no_context_takeover,
        server_max_window_bits=option.server_max_window_bits or 12,
    )
    deflater, _ = codec(option, agree(accepted, option, Role.SERVER), Role.SERVER)
    if deflater is None:
        raise ValueError(f"there is no compressor for {option}")
    made = deflater
    left = sum(len(made.deflate(text, True)) for text in texts)
    turn = itertools.cycle(texts)
    return timed(lambda: made.deflate(next(turn), True)), left / sum(map(len, texts))


def measure_codecs(names: Sequence[str] = (), sizes: Mapping[str, int] = SIZES) -> Section:
    """Measure what the codec of one end holds after messages of each size went both ways.

    It is done for `names` of the options, or for all.
    """
    return Section(
        values={
            f"after {size_name}": {name: _held(name, size) / 1000 for name in names or OPTIONS}
            for size_name, size in sizes.items()
        }
    )


def codecs_table(section: Section) -> str:
    """Return a table in kB."""
    rows = [
        [name, *(f"{column[name]:.1f}" for column in section.values.values())]
        for name in next(iter(section.values.values()))
    ]
    note = (
        f"Resident memory that {_PAIRS} connections added to a process which holds both ends of"
        f" them, after {_MEMORY_MESSAGES} messages in each direction, divided by their ends."
    )
    return f"{table(['kB for each connection', *section.values], rows)}\n\n{note}"


def _held(name: str, size: int) -> float:
    """Return the bytes for one end, measured in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.bench_deflate", name, str(size)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as pages:
        return int(pages.read().split()[1]) * resource.getpagesize()


def _hold(option: PermessageDeflate | None, size: int) -> float:
    texts = json_texts(size, _MEMORY_MESSAGES)
    with ExitStack() as stack:
        # The first one brings in code and caches that no later one needs.
        pairs = [stack.enter_context(_open_pair(option))]
        _exchange(pairs, texts)
        before = _resident()
        pairs = [stack.enter_context(_open_pair(option)) for _ in range(_PAIRS)]
        _exchange(pairs, texts)
        return (_resident() - before) / (2 * _PAIRS)


def _exchange(
    pairs: Sequence[tuple[Stream[socket.socket], Stream[socket.socket]]], texts: Sequence[str]
) -> None:
    for client, server in pairs:
        for text in texts:
            client.write(text)
            server.write(server.read())
            client.read()


def main(name: str, size: str) -> None:
    """Print what one end holds with an option, for `measure_codecs`."""
    print(_hold(OPTIONS[name], int(size)))


if __name__ == "__main__":
    main(*sys.argv[1:])
