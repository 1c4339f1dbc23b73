"""A scripted peer: it says and expects exact bytes in a thread, and tells what went wrong.

It moves bytes with the socket's own methods, so that no code under test stands between it and
the wire.
"""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from beastly.core import Deadline
from tests.support.memory_layer import MemoryLayer
from tests.support.threads import BOUND, Background

__all__ = ["Peer", "peer"]


class Peer:
    """The far end of a connection, as a script uses it. Calls that wait fail after a bound."""

    def __init__(self, transport: socket.socket | MemoryLayer) -> None:
        self._transport = transport
        self._unread = b""
        if isinstance(transport, socket.socket):
            transport.settimeout(BOUND)

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        if isinstance(self._transport, socket.socket):
            self._transport.sendall(data)
            return
        while data:
            data = data[self._transport.send(data, Deadline(BOUND)) :]

    def receive(self) -> bytes:
        """Return what has come, once there is something; nothing at the end of the stream."""
        received = self._unread or self._receive()
        self._unread = b""
        return received

    def expect(self, expected: bytes) -> None:
        """Receive as many bytes as `expected` has, and fail unless they are these."""
        while len(self._unread) < len(expected):
            # Compared at once: waiting for the rest of what is wrong already would only hide it.
            assert expected.startswith(self._unread) and self._fill(), (
                f"expected {expected!r}, received {self._unread!r}"
            )
        received = self._take(len(expected))
        assert received == expected, f"expected {expected!r}, received {received!r}"

    def read_until(self, mark: bytes) -> bytes:
        """Return what comes up to the end of `mark`; what lies behind it is kept."""
        while mark not in self._unread:
            assert self._fill(), f"expected {mark!r} before the end, received {self._unread!r}"
        return self._take(self._unread.index(mark) + len(mark))

    def read_to_end(self) -> bytes:
        """Return all that comes until the end of the stream."""
        while self._fill():
            pass
        return self._take(len(self._unread))

    def expect_end(self) -> None:
        """Fail unless the stream ends here."""
        rest = self.read_to_end()
        assert not rest, f"expected the end of the stream, received {rest!r}"

    def shutdown(self) -> None:
        """End the sending half."""
        if isinstance(self._transport, socket.socket):
            self._transport.shutdown(socket.SHUT_WR)
        else:
            self._transport.shutdown(None)

    def close(self) -> None:
        """Close the connection. Idempotent."""
        self._transport.close()

    def reset(self) -> None:
        """Close the connection so that the other end sees a reset (over TCP or in memory)."""
        if isinstance(self._transport, socket.socket):
            linger_not = struct.pack("ii", 1, 0)
            self._transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_not)
            self._transport.close()
        else:
            self._transport.reset()

    def interrupt(self) -> None:
        """Wake a script that waits. Any thread."""
        if isinstance(self._transport, MemoryLayer):
            self._transport.abort()
        else:
            try:
                self._transport.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It was closed or reset before.

    def _receive(self) -> bytes:
        if isinstance(self._transport, socket.socket):
            return self._transport.recv(65536)
        return self._transport.receive(65536, Deadline(BOUND))

    def _fill(self) -> bool:
        received = self._receive()
        self._unread += received
        return bool(received)

    def _take(self, size: int) -> bytes:
        taken, self._unread = self._unread[:size], self._unread[size:]
        return taken


@contextmanager
def peer(
    transport: socket.socket | MemoryLayer, script: Callable[[Peer], object]
) -> Iterator[Background[object]]:
    """Run `script` with the peer at `transport` beside the body of the `with` statement.

    At the end the script is joined, its error raised, and the transport closed. When the body
    fails, the script is interrupted; if it failed too, both errors are raised as a group.
    """
    far_end = Peer(transport)
    running = Background(lambda: script(far_end))
    try:
        yield running
    except BaseException as failure:
        by_itself = not running.is_running()
        far_end.interrupt()
        try:
            running.result()
        except Exception as error:
            if by_itself and isinstance(failure, Exception):
                raise ExceptionGroup("the test and its peer failed", [failure, error]) from None
        raise
    else:
        running.result()
    finally:
        far_end.close()
