"""The receiving half of an open stream: drives the receiving machine until it has what was asked.

One thread at a time is inside. It answers pings and close frames as it meets them, and fails the
connection when the peer breaks a rule. It knows the layer, the receiving machine and where answers
are posted.
"""

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Final, NoReturn, TypeAlias

from beastly.core import Deadline, TimedOut
from beastly.websocket._connection import RECEIVE_SIZE, Connection
from beastly.websocket._outgoing import Outgoing
from beastly.websocket._receive import ControlFrame, Receiver, parse_close
from beastly.websocket._status import Event, Status
from beastly.websocket._teardown import DRAIN_MAX, teardown
from beastly.websocket.error import ConnectionClosed, MessageTooBig, ProtocolViolation
from beastly.websocket.rfc6455 import CloseCode, CloseReason, FrameType, Opcode

__all__ = ["ControlCallback", "Incoming"]

ControlCallback: TypeAlias = Callable[[FrameType, bytes], object]

_FRAME_TYPES: Final[Mapping[Opcode, FrameType]] = {
    Opcode.CLOSE: FrameType.CLOSE,
    Opcode.PING: FrameType.PING,
    Opcode.PONG: FrameType.PONG,
}


class Incoming:
    """Reads the messages of one stream. The caller holds the reading lock of the connection.

    Every method raises `ConnectionClosed` when the peer has closed or vanished, `ProtocolViolation`
    and `MessageTooBig` for what it may not send, `OperationAborted` when this side closed or
    aborted, `TimedOut` at its deadline, after which it can be repeated, and `OSError`.
    """

    __slots__ = ("_callback_thread", "_connection", "_outgoing", "callback", "receiver")

    def __init__(self, connection: Connection, outgoing: Outgoing, receiver: Receiver) -> None:
        self._connection = connection
        self._outgoing = outgoing
        self.receiver = receiver
        self.callback: ControlCallback | None = None
        self._callback_thread = 0

    @property
    def is_calling_back(self) -> bool:
        """Tell whether the calling thread is inside the control callback."""
        return self._callback_thread == threading.get_ident()

    def message(self, deadline: Deadline | None) -> str | bytes:
        """Return one whole message, or the rest of one that `some` began."""
        connection = self._connection
        advance = self.receiver.message
        while True:
            try:
                item = advance()
                if item is None:
                    self._receive(deadline)
                    continue
            except (ProtocolViolation, MessageTooBig) as error:
                self._fail(error, deadline)
                raise
            if isinstance(item, ControlFrame):
                self._control(item, deadline)
            elif connection.status is Status.OPEN:
                return item

    def some(self, limit: int, deadline: Deadline | None) -> bytes:
        """Return the next bytes of a message, `limit` at most."""
        while True:
            try:
                item = self.receiver.some(limit)
                if item is None:
                    self._receive(deadline)
                    continue
            except (ProtocolViolation, MessageTooBig) as error:
                self._fail(error, deadline)
                raise
            if isinstance(item, ControlFrame):
                self._control(item, deadline)
            elif self._connection.status is Status.OPEN:
                return item

    def finish_closing(self, deadline: Deadline | None) -> None:
        """Read and drop until the peer's close frame ends the connection, which this side closed.

        Blocks until it came, or more than `DRAIN_MAX` bytes of messages came instead of it.
        """
        dropped = 0
        while self._connection.status is Status.LOCAL_CLOSING:
            try:
                item = self.receiver.some(RECEIVE_SIZE)
                if item is None:
                    self._receive(deadline)
                    continue
            except (ProtocolViolation, MessageTooBig) as error:
                self._fail(error, deadline)
                raise
            if not isinstance(item, ControlFrame):
                dropped += len(item)
                if dropped > DRAIN_MAX:
                    self._connection.fail("the peer went on sending after the close frame")
                    self._connection.release()
                    raise ConnectionClosed(f"{dropped} bytes came instead of a close frame")
            elif item.opcode is Opcode.CLOSE:
                self._answer_close(item.payload, deadline)

    def _receive(self, deadline: Deadline | None) -> None:
        """Bring more bytes to the machine."""
        if self._outgoing.pending:
            self._outgoing.flush_posted()
        receiver = self.receiver
        layer = self._connection.layer
        window = receiver.window
        try:
            if window is not None:
                count = layer.receive_into(window, deadline)
                if count:
                    receiver.commit(count)
                    return
            else:
                data = layer.receive(RECEIVE_SIZE, deadline)
                if data:
                    receiver.buffer.feed(data)
                    return
        except TimedOut:
            raise
        except OSError as error:
            self._lose(f"receiving failed: {error}", error)
        self._lose("the peer ended the connection without a close frame", None)

    def _lose(self, why: str, error: OSError | None) -> NoReturn:
        """Give up: the bytes from the peer have ended, which an abort does too."""
        connection = self._connection
        if connection.status is Status.FAILED:
            raise connection.aborted("read") from None
        connection.fail(why)
        connection.release()
        if error is not None:
            raise error
        raise ConnectionClosed(why)

    def _fail(self, error: ProtocolViolation | MessageTooBig, deadline: Deadline | None) -> None:
        """Fail the connection: tell the peer why, and end it (RFC 6455 section 7.1.7)."""
        connection = self._connection
        code = error.code.close_code
        bound = connection.closing_deadline(deadline)
        if connection.status is Status.OPEN:
            with contextlib.suppress(OSError):
                self._outgoing.close(CloseReason(code), Status.OPEN, bound)
        connection.fail(str(error))
        self._end(bound)

    def _control(self, frame: ControlFrame, deadline: Deadline | None) -> None:
        """Tell the callback of a control frame, and answer it; the answer goes out in any case."""
        if frame.opcode is Opcode.CLOSE:
            self._answer_close(frame.payload, deadline)
            raise self._connection.aborted("read")
        if self._connection.status is Status.OPEN:
            try:
                self._call_back(frame.opcode, frame.payload)
            finally:
                if frame.opcode is Opcode.PING:
                    self._outgoing.post(Opcode.PONG, frame.payload)

    def _answer_close(self, payload: bytes, deadline: Deadline | None) -> None:
        """Finish the closing handshake, whoever began it (RFC 6455 section 7.1.2)."""
        connection = self._connection
        try:
            reason = parse_close(payload)
        except ProtocolViolation as error:
            self._fail(error, deadline)
            raise
        connection.reason = reason
        bound = connection.closing_deadline(deadline)
        connection.why_ended = f"the peer closed the connection with {reason}"
        if connection.advance(Event.CLOSE_RECEIVED) is Status.LOCAL_CLOSING:
            self._end(bound)
            return
        try:
            self._call_back(Opcode.CLOSE, payload[2:])
        finally:
            code = CloseCode.NORMAL_CLOSURE if reason.code is None else reason.code
            try:
                self._outgoing.close(CloseReason(code), Status.REMOTE_CLOSING, bound)
            except OSError as error:
                # The peer has gone already; what its close frame said holds all the same.
                connection.fail(f"{connection.why_ended}, and no answer could be sent: {error}")
            self._end(bound)
        raise ConnectionClosed(
            connection.why_ended, reason=reason, clean=connection.status is Status.CLOSED
        )

    def _end(self, deadline: Deadline | None) -> None:
        connection = self._connection
        if connection.role is not None:
            teardown(connection.layer, connection.role, deadline)
        connection.release()

    def _call_back(self, opcode: Opcode, payload: bytes) -> None:
        callback = self.callback
        if callback is not None:
            self._callback_thread = threading.get_ident()
            try:
                callback(_FRAME_TYPES[opcode], payload)
            finally:
                self._callback_thread = 0
