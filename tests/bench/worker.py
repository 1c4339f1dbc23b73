"""Processes for the two sides of a connection, told over a pipe what to do.

A worker is one library in one role, in an interpreter of its own. It keeps its connections open
from one measurement to the next, so that no import and no handshake is paid for but those measured.
"""

import multiprocessing
import random
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Concatenate, Literal, ParamSpec

from beastly.core import Role
from tests.bench.endpoints import (
    ALL_CLIENTS,
    ALL_SERVERS,
    CLIENTS,
    RAW,
    SERVERS,
    Endpoint,
    listen,
)

__all__ = ["FLOOR", "Link", "Pair", "Verb", "links", "pairs"]

Pair = tuple[str, str]
"""The names of a client and a server."""

FLOOR: Pair = (RAW, RAW)

Verb = Literal["ping", "echo", "push", "drain"]
"""The methods of `Endpoint` that exchange messages."""

_P = ParamSpec("_P")

_HOST = "127.0.0.1"


def pairs() -> list[Pair]:
    """Return who is measured: the floor, each library with itself, and with the floor."""
    both = [(name, name) for name in CLIENTS if name in SERVERS]
    clients = [(name, RAW) for name in CLIENTS if name != RAW]
    servers = [(RAW, name) for name in SERVERS if name != RAW]
    return both + clients + servers


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

    def connect(self, port: int) -> int:
        """Become the client of one more connection; return its index."""
        self._endpoints.append(ALL_CLIENTS[self._library]((_HOST, port)))
        return len(self._endpoints) - 1

    def accept(self) -> int:
        """Become the server of one more connection; return its index."""
        self._endpoints.append(ALL_SERVERS[self._library](self._listener.accept()[0]))
        return len(self._endpoints) - 1

    def connect_and_drop(self, port: int, count: int) -> float:
        """Connect, shake hands and end so many connections; return the CPU seconds of it."""
        start = time.process_time()
        for _ in range(count):
            ALL_CLIENTS[self._library]((_HOST, port)).drop()
        return time.process_time() - start

    def accept_and_drop(self, count: int) -> float:
        """Accept, shake hands and end so many connections; return the CPU seconds of it."""
        start = time.process_time()
        for _ in range(count):
            endpoint = ALL_SERVERS[self._library](self._listener.accept()[0])
            # The client is done with a connection when it comes with the next one, not before.
            if self._undropped is not None:
                self._undropped.drop()
            self._undropped = endpoint
        return time.process_time() - start

    def exchange(self, index: int, verb: Verb, size: int, count: int) -> float:
        """Exchange `count` messages of `size` bytes; return the CPU seconds of it."""
        message = self._message(size)
        start = time.process_time()
        self._run(index, verb, message, count)
        return time.process_time() - start

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


def _memory(field: str) -> int:
    """Return the bytes that Linux tells of this process under `field`."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"^{field}:\s*(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"/proc/self/status has no {field}")
    return int(found[1]) * 1024


class Worker:
    """A process with a `Side`.

    The two sides of a connection must both be told what to do before either is asked.
    """

    def __init__(self, library: str, role: Role) -> None:
        # A fresh interpreter: a copy of this one would have loaded what this one has.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, library, role), daemon=True)
        self._process.start()
        theirs.close()

    def tell(
        self, order: Callable[Concatenate[Side, _P], float], *args: _P.args, **kwargs: _P.kwargs
    ) -> None:
        """Start one of the methods of `Side` there."""
        self._pipe.send((order, args, kwargs))

    def ask(self) -> float:
        """Wait for what the oldest order gave that was not asked for yet."""
        result: float = self._pipe.recv()
        return result

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

    def exchange(self, client: Verb, server: Verb, size: int, count: int) -> float:
        """Exchange messages over the connection; return the CPU seconds of both sides."""
        self.server.tell(Side.exchange, self.at_server, server, size, count)
        self.client.tell(Side.exchange, self.at_client, client, size, count)
        return self.client.ask() + self.server.ask()

    def growth(self, role: Role, verb: Verb, size: int) -> int:
        """Exchange one message; return by how many bytes the memory of one side grew at its peak.

        `verb` is what that side does, "push" or "drain".
        """
        other: Verb = "drain" if verb == "push" else "push"
        sides = [(self.client, self.at_client), (self.server, self.at_server)]
        (one, at_one), (another, at_other) = sides if role is Role.CLIENT else sides[::-1]
        another.tell(Side.exchange, at_other, other, size, 1)
        one.tell(Side.growth, at_one, verb, size)
        another.ask()
        return int(one.ask())

    def shake_hands(self, count: int) -> float:
        """Open and drop so many connections beside this one; return the CPU seconds likewise."""
        self.server.tell(Side.accept_and_drop, count)
        self.client.tell(Side.connect_and_drop, self.port, count)
        return self.client.ask() + self.server.ask()


def _link(client: Worker, server: Worker) -> Link:
    server.tell(Side.port)
    port = int(server.ask())
    server.tell(Side.accept)
    client.tell(Side.connect, port)
    return Link(client, server, port, int(client.ask()), int(server.ask()))


@contextmanager
def links(wanted: Sequence[Pair]) -> Iterator[Mapping[Pair, Link]]:
    """Open a connection for each pair; a library has one process for each role."""
    with ExitStack() as stack:
        clients = {name: Worker(name, Role.CLIENT) for name in dict.fromkeys(c for c, _ in wanted)}
        servers = {name: Worker(name, Role.SERVER) for name in dict.fromkeys(s for _, s in wanted)}
        for worker in [*clients.values(), *servers.values()]:
            stack.callback(worker.stop)
        yield {pair: _link(clients[pair[0]], servers[pair[1]]) for pair in wanted}
