"""The layer over a TLS socket: full duplex from several threads over one OpenSSL object.

OpenSSL's connection object must not be entered by two threads at once, and whoever is inside must
not wait there for the network, or the other direction starves. So the socket is non-blocking,
each call into OpenSSL is made under one lock, and waiting for the descriptor happens outside it.
Knows nothing of what the bytes mean.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from beastly.core._tcp import abort_socket
from beastly.core._wait import wait_either, wait_readable, wait_writable
from beastly.core.buffer import Buffer
from beastly.core.deadline import Deadline

__all__ = ["TlsLayer", "tls_layer"]

_T = TypeVar("_T")

_FILLED_MAX: Final = 256 * 1024
"""Bytes received in one turn, after which a sender may have the lock."""


def tls_layer(sock: socket.socket) -> "TlsLayer":
    """Return the layer over `sock`.

    Raises:
        TypeError: `sock` is no `ssl.SSLSocket`.
    """
    if not isinstance(sock, ssl.SSLSocket):
        raise TypeError(f"a socket with TLS must be an ssl.SSLSocket, not {type(sock).__name__}")
    return TlsLayer(sock)


class TlsLayer:
    """A `Layer` that owns the blocking mode of an `ssl.SSLSocket` whose TLS handshake is done.

    `truncated` is true once the peer's bytes ended without its `close_notify` (RFC 8446 section
    6.1): then somebody between may have cut the connection.

    Raises:
        OSError: the socket is closed.
    """

    __slots__ = (
        "_ended",
        "_failure",
        "_lock",
        "_socket",
        "default_timeout",
        "has_begun",
        "receive_timeout",
        "truncated",
    )

    default_timeout: float | None

    def __init__(self, sock: ssl.SSLSocket) -> None:
        self._socket = sock
        self._lock = threading.Lock()
        self._ended = False
        self._failure: OSError | None = None
        self.receive_timeout: float | None = None
        self.has_begun: bool = False
        self.truncated: bool = False
        self.default_timeout = sock.gettimeout()
        sock.setblocking(False)
        # Otherwise a truncated stream would look like one that was ended. The attribute is there,
        # but the type stubs do not know it.
        setattr(sock, "suppress_ragged_eofs", False)

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        """See `Layer.receive`."""
        return self._received(lambda: self._socket.recv(size), deadline, b"")

    def receive_into(self, region: memoryview, deadline: Deadline | None) -> int:
        """See `Layer.receive_into`."""
        return self._received(lambda: self._fill(region[:_FILLED_MAX]), deadline, 0)

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        """See `Layer.send`."""
        return self._complete(lambda: self._send(data), deadline)

    def send_vector(self, pieces: Sequence[Buffer], deadline: Deadline | None) -> int:
        """See `Layer.send_vector`; TLS has no gathering, so this sends of the first piece."""
        return self.send(pieces[0], deadline)

    def shutdown(self, deadline: Deadline | None) -> None:
        """Send `close_notify`, then end TCP's sending half. Blocks while there is no room.

        The peer's own `close_notify` is not awaited here; reading on to the end finds it.
        """
        try:
            self._complete(self._close_notify, deadline)
        finally:
            # Not the method of SSLSocket: that one would go on in plain text for the reader.
            socket.socket.shutdown(self._socket, socket.SHUT_WR)

    def wait(self, deadline: Deadline | None) -> None:
        """See `Layer.wait`."""
        with self._lock:
            is_pending = self._ended or self._socket.pending() > 0
        if not is_pending:
            wait_either(self._socket.fileno(), deadline)

    def close(self) -> None:
        """See `Layer.close`."""
        self._socket.close()

    def abort(self) -> None:
        """See `Layer.abort`."""
        abort_socket(self._socket)

    def _fill(self, region: memoryview) -> int:
        """Receive one record after the other, of 16 KiB at most, while one is there."""
        filled = self._socket.recv_into(region)
        while 0 < filled < len(region):
            try:
                more = self._socket.recv_into(region[filled:])
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError as error:
                # For the next receive: these bytes came before it. Its frames hold the region.
                self._failure = error.with_traceback(None)
                break
            if not more:
                break
            filled += more
        return filled

    def _send(self, data: Buffer) -> int:
        try:
            sent = self._socket.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            # A part of `data` is in a record of OpenSSL's, which goes out next, whatever comes.
            self.has_begun = True
            raise
        self.has_begun = False
        return sent

    def _close_notify(self) -> None:
        # OpenSSL sends ours and then looks for the peer's. To miss it means that ours is out.
        with contextlib.suppress(ssl.SSLWantReadError):
            self._socket.unwrap()
            # There is no TLS on the socket any more: what came now would pass for plain text.
            self._ended = True

    def _received(self, step: Callable[[], _T], deadline: Deadline | None, at_end: _T) -> _T:
        """Return what `step` receives, or `at_end` once the peer's bytes have ended."""
        if deadline is None:
            deadline = Deadline.after(self.receive_timeout)
        try:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            return self._complete(lambda: at_end if self._ended else step(), deadline)
        except ssl.SSLZeroReturnError:
            return at_end
        except ssl.SSLEOFError:
            self.truncated = True
            return at_end

    def _complete(self, step: Callable[[], _T], deadline: Deadline | None) -> _T:
        """Repeat `step` until OpenSSL has what it wants; it may want either direction for both."""
        while True:
            try:
                with self._lock:
                    return step()
            except ssl.SSLWantReadError:
                wait = wait_readable
            except ssl.SSLWantWriteError:
                wait = wait_writable
            wait(self._socket.fileno(), deadline)
