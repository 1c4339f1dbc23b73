"""Two layers joined in memory, after Beast's `test::stream`: usable wherever a socket is.

The pair behaves as two connected sockets do, and adds what tests need: the most bytes that one call
moves, how many bytes may be in flight, a record of every send, and a way to know that a thread is
waiting. It checks the rules that `beastly.core.Layer` sets for those who call it.
"""

import errno
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from typing_extensions import Buffer

from beastly.core import Deadline, TimedOut

__all__ = ["MemoryLayer", "connected_pair"]


class _Direction:
    """The bytes on their way from one end to the other."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = False
        """Nothing more will be sent."""
        self.refused = False
        """Nothing more will be received."""
        self.reset = False
        """The connection was reset: whoever uses it next is told so."""


class MemoryLayer:
    """One end of a pair; `connected_pair` makes both.

    A call that breaks the contract of `Layer`, because another thread is in the same half or
    because it comes after `close`, raises `AssertionError`: a defect of the code under test.
    """

    def __init__(
        self,
        changed: threading.Condition,
        incoming: _Direction,
        outgoing: _Direction,
        chunk: int | None,
        capacity: int | None,
    ) -> None:
        self._changed = changed
        self._incoming = incoming
        self._outgoing = outgoing
        self._inside: set[str] = set()
        self._waiting: set[str] = set()
        self.chunk = chunk
        """The most bytes that one call receives; `None` for no limit."""
        self.capacity = capacity
        """How many sent bytes wait for the peer before a send blocks; `None` for no limit."""
        self.default_timeout: float | None = None
        self.receive_timeout: float | None = None
        self.has_begun: bool = False
        self.sends: list[bytes] = []
        """What each call sent, in order."""
        self.receives = 0
        """How many calls to receive were made."""
        self.ended = False
        """Whether `shutdown` was called."""
        self.closed = False
        self.aborted = False

    @property
    def sent(self) -> bytes:
        """All that was sent, as one."""
        return b"".join(self.sends)

    @property
    def unread(self) -> int:
        """How many bytes from the peer nobody has received yet."""
        with self._changed:
            return len(self._incoming.data)

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        assert size > 0, f"receive was asked for {size} bytes"
        if deadline is None:
            deadline = Deadline.after(self.receive_timeout)
        with self._changed, self._call("receive"):
            self.receives += 1
            incoming = self._incoming
            while self._nothing_to_receive():
                self._wait("receive", deadline)
            if incoming.reset:
                raise ConnectionResetError(errno.ECONNRESET, "the peer reset the connection")
            if self.aborted:
                return b""
            most = size if self.chunk is None else min(size, self.chunk)
            received = bytes(incoming.data[:most])
            del incoming.data[:most]
            self._changed.notify_all()
            return received

    def receive_into(self, region: memoryview, deadline: Deadline | None) -> int:
        received = self.receive(region.nbytes, deadline)
        region[: len(received)] = received
        return len(received)

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        payload = bytes(data)
        assert payload, "send was given no bytes"
        with self._changed, self._call("send"):
            outgoing = self._outgoing
            while self._no_room_to_send():
                self._wait("send", deadline)
            if outgoing.reset:
                raise ConnectionResetError(errno.ECONNRESET, "the peer reset the connection")
            if outgoing.ended or outgoing.refused:
                raise BrokenPipeError(errno.EPIPE, "the connection takes no more bytes")
            if self.capacity is not None:
                payload = payload[: self.capacity - len(outgoing.data)]
            outgoing.data += payload
            self.sends.append(payload)
            self._changed.notify_all()
            return len(payload)

    def send_vector(self, pieces: Sequence[Buffer], deadline: Deadline | None) -> int:
        return self.send(b"".join(bytes(piece) for piece in pieces), deadline)

    def shutdown(self, deadline: Deadline | None) -> None:
        with self._changed, self._call("send"):
            self.ended = True
            self._outgoing.ended = True
            self._changed.notify_all()

    def wait(self, deadline: Deadline | None) -> None:
        with self._changed, self._call("receive"):
            while self._nothing_to_receive() and self._no_room_to_send():
                self._wait("receive", deadline)

    def close(self) -> None:
        with self._changed:
            assert not self._inside, f"close was called with a thread inside {self._inside}"
            self.closed = True
            self._leave()

    def abort(self) -> None:
        with self._changed:
            self.aborted = True
            self._leave()

    def reset(self) -> None:
        """End the connection as a reset does: what the peer has not read is lost to it."""
        with self._changed:
            self.closed = True
            self._outgoing.data.clear()
            self._outgoing.reset = self._incoming.reset = True
            self._leave()

    def wait_for_receiver(self, bound: float = 10.0) -> None:
        """Return once a thread waits in `receive` for bytes that have not come."""
        self._wait_for("receive", self._nothing_to_receive, bound)

    def wait_for_sender(self, bound: float = 10.0) -> None:
        """Return once a thread waits in `send` for room."""
        self._wait_for("send", self._no_room_to_send, bound)

    def _leave(self) -> None:
        self._outgoing.ended = True
        self._incoming.refused = True
        self._changed.notify_all()

    def _nothing_to_receive(self) -> bool:
        incoming = self._incoming
        return not (incoming.data or incoming.ended or incoming.reset or self.aborted)

    def _no_room_to_send(self) -> bool:
        outgoing = self._outgoing
        if self.capacity is None or outgoing.ended or outgoing.refused or outgoing.reset:
            return False
        return len(outgoing.data) >= self.capacity

    @contextmanager
    def _call(self, half: str) -> Iterator[None]:
        assert half not in self._inside, f"two threads are in the {half} half of a layer"
        assert not self.closed, f"the {half} half of a layer was used after close"
        self._inside.add(half)
        try:
            yield
        finally:
            self._inside.remove(half)
            self._waiting.discard(half)

    def _wait(self, half: str, deadline: Deadline | None) -> None:
        remaining = None if deadline is None else deadline.remaining()
        if remaining == 0:
            raise TimedOut(f"{half} of a memory layer")
        if half not in self._waiting:
            self._waiting.add(half)
            self._changed.notify_all()
        self._changed.wait(remaining)

    def _wait_for(self, half: str, stuck: Callable[[], bool], bound: float) -> None:
        with self._changed:
            waits = self._changed.wait_for(lambda: half in self._waiting and stuck(), bound)
        assert waits, f"no thread waited in {half} within {bound} s"


def connected_pair(
    chunk: int | None = None, capacity: int | None = None
) -> tuple[MemoryLayer, MemoryLayer]:
    """Return two joined layers.

    `chunk` is the most bytes that one receiving call returns, `capacity` how many bytes may be in
    flight in each direction before a send blocks. Both can be changed on either end later.
    """
    changed = threading.Condition()
    there, back = _Direction(), _Direction()
    return (
        MemoryLayer(changed, back, there, chunk, capacity),
        MemoryLayer(changed, there, back, chunk, capacity),
    )
