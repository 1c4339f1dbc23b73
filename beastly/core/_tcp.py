"""The layer over a plain socket: TCP, a Unix socket or a socket pair.

The descriptor is blocking, so a receive without a deadline is one system call. Everything that
can have a deadline waits in poll and then moves bytes without blocking: a timeout, a signal or
another thread then never catches a call that has moved bytes and not told how many. Knows nothing
of TLS and of what the bytes mean.
"""

import math
import socket
import struct
import sys
from collections.abc import Sequence
from typing import Final

from beastly.core._wait import wait_either, wait_readable, wait_writable
from beastly.core.buffer import Buffer
from beastly.core.deadline import Deadline
from beastly.core.error import TimedOut

__all__ = ["SocketLayer", "abort_socket"]

if sys.platform == "win32":
    # There a send may outlast its deadline.
    _DONT_WAIT: Final = 0

    def _timeval(microseconds: int) -> bytes:
        return struct.pack("@L", math.ceil(microseconds / 1000))

else:
    _DONT_WAIT: Final = socket.MSG_DONTWAIT

    def _timeval(microseconds: int) -> bytes:
        return struct.pack("@ll", *divmod(microseconds, 1_000_000))


def abort_socket(sock: socket.socket) -> None:
    """Wake every thread that waits on `sock`; the descriptor stays, so its number is not reused."""
    try:
        # Not the method of a subclass: SSLSocket's would go on in plain text for who is inside.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        pass  # Not connected any more, or closed by the caller: then nobody waits.


class SocketLayer:
    """A `Layer` that owns the blocking mode of a connected `socket.socket`.

    A timeout that was set on the socket becomes `default_timeout`, one deadline for each call, and
    the socket itself is put into blocking mode.

    Raises:
        OSError: the socket is closed.
    """

    __slots__ = ("_receive_timeout", "_socket", "default_timeout", "has_begun")

    default_timeout: float | None

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._receive_timeout: float | None = None
        self.has_begun: bool = False
        self.default_timeout = sock.gettimeout()
        sock.setblocking(True)

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        """See `Layer.receive`."""
        if deadline is None:
            try:
                return self._socket.recv(size)
            except BlockingIOError:
                raise TimedOut("no bytes arrived in time") from None
        while True:
            wait_readable(self._socket.fileno(), deadline)
            # Ready may be a false alarm, a packet that was dropped after all.
            try:
                return self._socket.recv(size, _DONT_WAIT)
            except BlockingIOError:
                pass

    def receive_into(self, region: memoryview, deadline: Deadline | None) -> int:
        """See `Layer.receive_into`."""
        if deadline is None:
            try:
                return self._socket.recv_into(region)
            except BlockingIOError:
                raise TimedOut("no bytes arrived in time") from None
        while True:
            wait_readable(self._socket.fileno(), deadline)
            try:
                return self._socket.recv_into(region, 0, _DONT_WAIT)
            except BlockingIOError:
                pass

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        """See `Layer.send`."""
        while True:
            try:
                return self._socket.send(data, _DONT_WAIT)
            except BlockingIOError:
                wait_writable(self._socket.fileno(), deadline)

    def send_vector(self, pieces: Sequence[Buffer], deadline: Deadline | None) -> int:
        """See `Layer.send_vector`."""
        send = self._socket.sendmsg
        while True:
            try:
                # Unpacked, and not called: a signal handler that raises cannot come between the
                # sending and the count, without which the stream would be lost.
                (sent,) = map(send, (pieces,), ((),), (_DONT_WAIT,))
                return sent
            except BlockingIOError:
                wait_writable(self._socket.fileno(), deadline)

    def shutdown(self, deadline: Deadline | None) -> None:
        """See `Layer.shutdown`; never blocks here."""
        self._socket.shutdown(socket.SHUT_WR)

    def wait(self, deadline: Deadline | None) -> None:
        """See `Layer.wait`."""
        wait_either(self._socket.fileno(), deadline)

    @property
    def receive_timeout(self) -> float | None:
        """See `Layer.receive_timeout`; the kernel keeps it, so it costs nothing."""
        return self._receive_timeout

    @receive_timeout.setter
    def receive_timeout(self, value: float | None) -> None:
        self._receive_timeout = value
        microseconds = 0 if value is None else max(1, round(value * 1_000_000))
        limit = _timeval(microseconds)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)

    def close(self) -> None:
        """See `Layer.close`."""
        self._socket.close()

    def abort(self) -> None:
        """See `Layer.abort`."""
        abort_socket(self._socket)
