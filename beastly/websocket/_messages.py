"""The verbs of an open stream: reading and writing messages, pings and pongs.

How they work is in the modules for each half, `_incoming` and `_outgoing`; here the arguments are
looked at, and everything that a user has to know is said.
"""

from collections.abc import Iterator
from typing import Final, overload

from beastly.core import Buffer, Buffers, OperationAborted, gather
from beastly.websocket._outgoing import Outgoing
from beastly.websocket._settings import Settings
from beastly.websocket._status import Status
from beastly.websocket.error import ConnectionClosed, Error, UnexpectedMessage
from beastly.websocket.rfc6455 import CONTROL_PAYLOAD_MAX, CloseCode, Opcode

__all__ = ["Messages"]

_CHUNK: Final = 65536
"""Bytes taken at a time where the caller named no limit."""

# Names of the module's own: looking a member up in its enum costs a tenth of a microsecond.
_TEXT: Final = Opcode.TEXT
_BINARY: Final = Opcode.BINARY

_NORMAL_CODES: Final = (None, CloseCode.NORMAL_CLOSURE, CloseCode.GOING_AWAY)


class Messages(Settings):
    """What can be done with a stream once it is open."""

    __slots__ = ()

    @overload
    def read(self, /, *, timeout: float | None = ...) -> str | bytes: ...
    @overload
    def read(self, buffer: bytearray, /, *, timeout: float | None = ...) -> int: ...
    def read(
        self, buffer: bytearray | None = None, /, *, timeout: float | None = None
    ) -> str | bytes | int:
        """Read one whole message, or the rest of one that `read_some` began.

        Blocks until the message is complete. Pings are answered meanwhile, and a close frame is;
        the control callback is called (RFC 6455 section 6.2).

        Args:
            buffer: the message is appended to it, text in UTF-8, as it arrives. Optional.
            timeout: seconds for all of it. A read that timed out can be repeated.

        Returns:
            `str` for text and `bytes` for binary; with `buffer` the number of bytes appended. The
            rest of a message that `read_some` began is always `bytes`.

        Raises:
            ConnectionClosed: the peer closed, or ended the connection without closing it.
            ProtocolViolation: the peer broke a rule and was told so; the stream has failed.
            MessageTooBig: the message passes `read_message_max`; likewise.
            TimedOut: nothing is lost; what was appended to `buffer` stays there.
            BufferError: a view keeps `buffer` from growing. Nothing was read.
            OperationAborted, Busy, OSError: see the class.
        """
        incoming = self._incoming
        if incoming is None:
            raise self._connection.aborted("read")
        if buffer is None:
            return incoming.message(timeout)
        _check_growable(buffer)
        return incoming.into(buffer, timeout)

    def read_text(self, *, timeout: float | None = None) -> str:
        """Read one whole message that must be text; otherwise as `read`.

        Raises:
            UnexpectedMessage: it is binary, or the rest of one of which a part was read.
        """
        message = self.read(timeout=timeout)
        if isinstance(message, str):
            return message
        raise UnexpectedMessage(Error.NOT_TEXT, message)

    def read_bytes(self, *, timeout: float | None = None) -> bytes:
        """Read one whole message that must be binary; otherwise as `read`.

        Raises:
            UnexpectedMessage: it is text.
        """
        message = self.read(timeout=timeout)
        if isinstance(message, bytes):
            return message
        raise UnexpectedMessage(Error.NOT_BINARY, message)

    @overload
    def read_some(
        self, buffer: bytearray, limit: int = ..., /, *, timeout: float | None = ...
    ) -> int: ...
    @overload
    def read_some(self, region: memoryview, /, *, timeout: float | None = ...) -> int: ...
    def read_some(
        self, target: bytearray | memoryview, limit: int = 0, /, *, timeout: float | None = None
    ) -> int:
        """Read a part of a message: what is there of it, at least one byte unless it is empty.

        Blocks until some of it is there. `is_message_done` tells whether its end was reached,
        `got_text` its kind. Text is checked, and may be cut inside a code point. Otherwise as
        `read`.

        Args:
            buffer: the bytes are appended to it.
            limit: the most bytes to append; 0 leaves it to the stream.
            region: a writable region that is filled from its start; its size is the limit.

        Returns:
            The number of bytes, 0 for an empty message, an empty `region`, or an end that came
            after all its bytes had been read.

        Raises:
            ValueError, TypeError, BufferError: the limit is negative, the region is read-only or in
                pieces, a view keeps the buffer from growing. Nothing was read.
        """
        if limit < 0:
            raise ValueError(f"limit is a number of bytes not below zero, not {limit}")
        if isinstance(target, bytearray):
            _check_growable(target)
            most = limit or _CHUNK
        else:
            target = _writable_bytes(target)
            most = len(target)
        incoming = self._incoming
        if incoming is None:
            raise self._connection.aborted("read_some")
        data = incoming.some(most, timeout)
        if isinstance(target, bytearray):
            target += data
        else:
            target[: len(data)] = data
        return len(data)

    def read_size_hint(self, initial_size: int = 1536) -> int:
        """Return how large a buffer the next `read_some` can use well, in bytes; never blocks.

        Within a message it is what is left of it, where a frame has told; else `initial_size`, or
        more if the frame that is being read has more. It never passes `read_message_max`.

        Raises:
            ValueError: `initial_size` is less than 1.
        """
        if initial_size < 1:
            raise ValueError(f"initial_size is at least 1, not {initial_size}")
        if self._incoming is None:
            return min(initial_size, self.read_message_max or initial_size)
        return self._incoming.receiver.size_hint(initial_size)

    def __iter__(self) -> Iterator[str | bytes]:
        """Read messages until the connection is closed in a normal way.

        That is the peer's close frame with code 1000, 1001 or none, or a `close` on this side.

        Raises:
            ConnectionClosed: the peer closed with another code, or ended without closing.
        """
        while True:
            try:
                yield self.read()
            except ConnectionClosed as end:
                if end.reason is None or end.reason.code not in _NORMAL_CODES:
                    raise
                return
            except OperationAborted:
                if self._connection.status is Status.CLOSED:
                    return
                raise

    def write(self, data: str | Buffers, *, timeout: float | None = None) -> None:
        """Write one whole message, or the last part of one that `write_some` began.

        Blocks until the transport has taken it all (RFC 6455 section 6.1).

        Args:
            data: `str` is sent as text; bytes-like as binary, or as text if `text` is set; several
                buffers as one message.
            timeout: seconds for all of it.

        Raises:
            ValueError: text that is no UTF-8. Nothing was sent.
            TimedOut: with `unsent` the message goes out before anything else, and must not be
                written again; without, nothing of it was sent.
            OperationAborted: see the class.
            OSError: the transport takes no more; what came before that can still be read.
        """
        outgoing = self._outgoing
        if outgoing is None:
            raise self._connection.aborted("write")
        if isinstance(data, bytes) and self.binary:
            # First, since what goes most often should have the shortest way.
            outgoing.write(_BINARY, data, timeout, True)
        elif isinstance(data, str):
            outgoing.write(_TEXT, data.encode(), timeout, True)
        else:
            outgoing.write(_BINARY if self.binary else _TEXT, gather(data), timeout, self.binary)

    def write_some(self, fin: bool, data: str | Buffers, *, timeout: float | None = None) -> None:
        """Write a part of a message, as one frame, and the end of it with `fin`.

        The parts of one message must come from one thread, or under a lock of the caller's.
        Otherwise as `write`; the first part decides between text and binary.
        """
        opcode, payload = self._payload(data)
        self._sending("write_some").write_some(opcode, payload, fin, timeout)

    def ping(self, payload: Buffer = b"", *, timeout: float | None = None) -> None:
        """Send a ping; the peer's pong comes to the control callback of a later read.

        Blocks until the transport has taken it (RFC 6455 section 5.5.2).

        Args:
            payload: 125 bytes at most.
            timeout: seconds.

        Raises:
            ValueError: `payload` is longer. Nothing was sent.
            TimedOut, OperationAborted, OSError: as `write`.
        """
        self._control(Opcode.PING, payload, timeout)

    def pong(self, payload: Buffer = b"", *, timeout: float | None = None) -> None:
        """Send a pong that no ping asked for; otherwise as `ping` (RFC 6455 section 5.5.3)."""
        self._control(Opcode.PONG, payload, timeout)

    def _sending(self, verb: str) -> Outgoing:
        if self._outgoing is None:
            raise self._connection.aborted(verb)
        return self._outgoing

    def _payload(self, data: str | Buffers) -> tuple[Opcode, bytes]:
        """Return `data` as bytes, and the kind of message that it would begin."""
        if isinstance(data, str):
            return _TEXT, data.encode()
        return (_BINARY if self.binary else _TEXT), gather(data)

    def _control(self, opcode: Opcode, payload: Buffer, timeout: float | None) -> None:
        data = gather(payload)
        if len(data) > CONTROL_PAYLOAD_MAX:
            raise ValueError(
                f"a {opcode.name.lower()} carries {CONTROL_PAYLOAD_MAX} bytes at most, not"
                f" {len(data)} (RFC 6455 section 5.5)"
            )
        self._sending(opcode.name.lower()).control(opcode, data, timeout)


def _check_growable(buffer: bytearray) -> None:
    """Raise `BufferError` if a view of `buffer` keeps it from growing.

    Found out after the read, it would cost the bytes that were read.
    """
    buffer.append(0)
    buffer.pop()


def _writable_bytes(region: memoryview) -> memoryview:
    """Return `region` as plain bytes to write to."""
    if region.readonly:
        raise TypeError("the region must be writable: a view of a bytearray, say, not of bytes")
    return region.cast("B")
