"""Processes for the two sides of a connection, told over a pipe what to do.

A worker is one library in one role, in an interpreter of its own. It keeps its connections open
from one measurement to the next, so that no import and no handshake is paid for but those measured.
"""

import multiprocessing
import os
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Concatenate, Generic, Literal, NamedTuple, ParamSpec, TypeVar
from unittest import mock

from beastly.core import Role
from tests.bench.endpoint import Endpoint
from tests.bench.endpoints import CLIENTS, CLIENTS_OVER, SERVERS, SERVERS_OVER, listen
from tests.bench.libraries import RAW, environment
from tests.bench.method import Cost

__all__ = ["Link", "Pair", "Verb", "links", "pairs"]

Verb = Literal["ping", "echo", "push", "drain"]
"""The methods of `Endpoint` that exchange messages."""

_P = ParamSpec("_P")
_Result = TypeVar("_Result")

_HOST = "127.0.0.1"
_SOCKET_PAIRS = 100


class Pair(NamedTuple):
    """The names of a client and a server."""

    client: str
    server: str

    def __str__(self) -> str:
        return f"{self.client} > {self.server}"


def pairs(names: Sequence[str]) -> list[Pair]:
    """Return who of `names` is measured: each library with itself, and with the floor."""
    both = [Pair(name, name) for name in names if name in CLIENTS and name in SERVERS]
    others = [name for name in names if name != RAW]
    clients = [Pair(name, RAW) for name in others if name in CLIENTS]
    servers = [Pair(RAW, name) for name in others if name in SERVERS]
    return both + clients + servers


class _Span(NamedTuple):
    """The CPU seconds of something, and when it began and ended by the clock of the machine."""

    cpu: float
    begin: float
    end: float


def _span(run: Callable[[], object]) -> _Span:
    begin, cpu = time.monotonic(), time.process_time()
    run()
    return _Span(time.process_time() - cpu, begin, time.monotonic())


def _together(one: _Span, other: _Span) -> Cost:
    """Return what the two sides of a connection took."""
    wall = max(one.end, other.end) - min(one.begin, other.begin)
    return Cost(one.cpu + other.cpu, wall)


class Side:
    """What happens inside a worker. Each method is one order, and its result goes back."""

    def __init__(self, library: str, role: Role) -> None:
        self._library = library
        self._listener = listen() if role is Role.SERVER else socket.socket()
        self._endpoints: list[Endpoint] = []
        self._undropped: Endpoint | None = None
        self._messages: dict[int, bytes] = {}

    def port(self) -> int:
        """Return the port that a server listens on."""
        address: tuple[str, int] = self._listener.getsockname()
        return address[1]

    def accelerated(self) -> bool:
        """Return whether beastly would use its accelerator in this process."""
        from beastly import websocket

        return websocket.ACCELERATED

    def connect(self, port: int) -> int:
        """Become the client of one more connection; return its index."""
        self._endpoints.append(CLIENTS[self._library]((_HOST, port)))
        return len(self._endpoints) - 1

    def accept(self) -> int:
        """Become the server of one more connection; return its index."""
        self._endpoints.append(SERVERS[self._library](self._listener))
        return len(self._endpoints) - 1

    def connect_and_drop(self, port: int, count: int) -> _Span:
        """Connect, shake hands and end so many connections."""

        def run() -> None:
            for _ in range(count):
                CLIENTS[self._library]((_HOST, port)).drop()

        return _span(run)

    def accept_and_drop(self, count: int) -> _Span:
        """Accept, shake hands and end so many connections."""

        def run() -> None:
            for _ in range(count):
                endpoint = SERVERS[self._library](self._listener)
                # The client is done with a connection when it comes with the next one, not before.
                if self._undropped is not None:
                    self._undropped.drop()
                self._undropped = endpoint

        return _span(run)

    def shake_hands(self, client: str, server: str, count: int) -> Cost:
        """Make socket pairs, shake hands over them, and end them; both ends are in this process.

        Each end has a thread of its own, since a handshake blocks.
        """
        wall, cpu = time.perf_counter(), time.process_time()
        for begin in range(0, count, _SOCKET_PAIRS):
            ends = [socket.socketpair() for _ in range(min(_SOCKET_PAIRS, count - begin))]
            _shake_hands(CLIENTS_OVER[client], SERVERS_OVER[server], ends)
        return Cost(time.process_time() - cpu, time.perf_counter() - wall)

    def exchange(self, index: int, verb: Verb, size: int, count: int) -> _Span:
        """Exchange `count` messages of `size` bytes."""
        message = self._message(size)
        return _span(lambda: self._run(index, verb, message, count))

    def growth(self, index: int, verb: Verb, size: int) -> int:
        """Exchange one message; return by how many bytes the resident memory grew at its peak."""
        message = self._message(size)
        # Linux starts a new peak upon this (proc(5)).
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        before = _memory("VmRSS")
        self._run(index, verb, message, 1)
        return _memory("VmHWM") - before

    def _run(self, index: int, verb: Verb, message: bytes, count: int) -> None:
        getattr(self._endpoints[index], verb)(message, count)

    def _message(self, size: int) -> bytes:
        if size not in self._messages:
            # The same on both sides, since a raw one sends what it made itself.
            self._messages[size] = random.Random(size).randbytes(size)
        return self._messages[size]


def _shake_hands(
    client: Callable[[socket.socket], Endpoint],
    server: Callable[[socket.socket], Endpoint],
    ends: Sequence[tuple[socket.socket, socket.socket]],
) -> None:
    opened: list[Endpoint] = []

    def serve() -> None:
        for _, far in ends:
            opened.append(server(far))

    serving = threading.Thread(target=serve)
    serving.start()
    for near, _ in ends:
        opened.append(client(near))
    serving.join()
    for endpoint in opened:
        endpoint.drop()


def _memory(field: str) -> int:
    """Return the bytes that Linux tells of this process under `field`."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"^{field}:\s*(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/self/status has no {field}")
    return int(found[1]) * 1024


class _Answer(Generic[_Result]):
    """What an order will have given. Answers must be asked for in the order of the orders."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def get(self) -> _Result:
        """Wait for it."""
        result: _Result = self._pipe.recv()
        return result


class Worker:
    """A process with a `Side`.

    The two sides of a connection must both be told what to do before either is asked.
    """

    def __init__(self, library: str, role: Role) -> None:
        # A fresh interpreter: a copy of this one would have loaded what this one has.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, library, role), daemon=True)
        with mock.patch.dict(os.environ, environment(library)):
            self._process.start()
        theirs.close()

    def tell(
        self, order: Callable[Concatenate[Side, _P], _Result], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Answer[_Result]:
        """Start one of the methods of `Side` there."""
        self._pipe.send((order, args, kwargs))
        return _Answer(self._pipe)

    def stop(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.join()
        self._pipe.close()


def _work(pipe: Connection, library: str, role: Role) -> None:
    side = Side(library, role)
    while True:
        order, args, kwargs = pipe.recv()
        pipe.send(order(side, *args, **kwargs))


@dataclass(frozen=True)
class Link:
    """A connection between two workers, and its index in each."""

    client: Worker
    server: Worker
    port: int
    at_client: int
    at_server: int

    def exchange(self, client: Verb, server: Verb, size: int, count: int) -> Cost:
        """Exchange messages over the connection."""
        one = self.server.tell(Side.exchange, self.at_server, server, size, count)
        other = self.client.tell(Side.exchange, self.at_client, client, size, count)
        return _together(one.get(), other.get())

    def growth(self, role: Role, verb: Verb, size: int) -> int:
        """Exchange one message; return by how many bytes the memory of one side grew at its peak.

        `verb` is what that side does, "push" or "drain".
        """
        opposite: Verb = "drain" if verb == "push" else "push"
        sides = [(self.client, self.at_client), (self.server, self.at_server)]
        (one, at_one), (another, at_other) = sides if role is Role.CLIENT else sides[::-1]
        exchanged = another.tell(Side.exchange, at_other, opposite, size, 1)
        grown = one.tell(Side.growth, at_one, verb, size)
        exchanged.get()
        return grown.get()

    def open_connections(self, count: int) -> Cost:
        """Open, shake hands over, and drop so many connections beside this one."""
        one = self.server.tell(Side.accept_and_drop, count)
        other = self.client.tell(Side.connect_and_drop, self.port, count)
        return _together(one.get(), other.get())


def _link(client: Worker, server: Worker) -> Link:
    port = server.tell(Side.port).get()
    at_server = server.tell(Side.accept)
    at_client = client.tell(Side.connect, port)
    return Link(client, server, port, at_client.get(), at_server.get())


@contextmanager
def links(wanted: Sequence[Pair]) -> Iterator[Mapping[Pair, Link]]:
    """Open a connection for each pair; a library has one process for each role."""
    with ExitStack() as stack:

        def start(name: str, role: Role) -> Worker:
            worker = Worker(name, role)
            stack.callback(worker.stop)
            return worker

        clients = {pair.client: None for pair in wanted}
        servers = {pair.server: None for pair in wanted}
        at_client = dict(zip(clients, map(partial(start, role=Role.CLIENT), clients), strict=True))
        at_server = dict(zip(servers, map(partial(start, role=Role.SERVER), servers), strict=True))
        yield {pair: _link(at_client[pair.client], at_server[pair.server]) for pair in wanted}
