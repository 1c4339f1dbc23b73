"""The receiving half of an open stream: drives the receiving machine until it has what was asked.

One thread at a time is inside. It answers pings and close frames as it meets them, and fails the
connection when the peer breaks a rule. It knows the layer, the receiving machine and where answers
are posted.
"""

import math
import threading
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from beastly.core import Deadline, OperationAborted, Role, TimedOut
from beastly.websocket._close_payload import parse_close
from beastly.websocket._connection import FEW, RECEIVE_SIZE, Connection
from beastly.websocket._outgoing import Outgoing
from beastly.websocket._receive import ControlFrame, Receiver
from beastly.websocket._silence import Silence
from beastly.websocket._status import Event, Status
from beastly.websocket._supply import Supply
from beastly.websocket._teardown import DRAIN_MAX, teardown
from beastly.websocket.error import ConnectionClosed, MessageTooBig, ProtocolViolation
from beastly.websocket.option import Timeout
from beastly.websocket.rfc6455 import CloseCode, CloseReason, FrameType, Opcode

__all__ = ["ControlCallback", "Incoming"]

# A name of the module's own: looking a member up in its enum costs more than all else here.
_OPEN: Final = Status.OPEN

ControlCallback: TypeAlias = Callable[[FrameType, bytes], object]

_FRAME_TYPES: Final[Mapping[Opcode, FrameType]] = {
    Opcode.CLOSE: FrameType.CLOSE,
    Opcode.PING: FrameType.PING,
    Opcode.PONG: FrameType.PONG,
}


class Incoming:
    """Reads the messages of one stream, one thread at a time.

    `message`, `some` and `into` take the reading lock; for the others the caller holds it.

    Every method raises `ConnectionClosed` when the peer has closed or vanished, `ProtocolViolation`
    and `MessageTooBig` for what it may not send, `OperationAborted` when this side closed or
    aborted, `TimedOut` at its deadline, after which it can be repeated, and `OSError`.
    """

    __slots__ = (
        "_callback_thread",
        "_connection",
        "_outgoing",
        "_role",
        "_supply",
        "callback",
        "receiver",
    )

    def __init__(
        self, connection: Connection, role: Role, outgoing: Outgoing, receiver: Receiver
    ) -> None:
        self._connection = connection
        self._role = role
        self._outgoing = outgoing
        self.receiver = receiver
        self._supply = Supply(connection, outgoing, receiver)
        self.callback: ControlCallback | None = None
        self._callback_thread = 0

    def watch(self, timeout: Timeout) -> None:
        """Bound the silence of the peer as `timeout` says, from now on."""
        idle = timeout.idle_timeout
        if idle is None or idle == math.inf:
            self._supply.watch(None)
        else:
            self._supply.watch(Silence(idle, pings=timeout.keep_alive_pings))

    @property
    def is_calling_back(self) -> bool:
        """Tell whether the calling thread is inside the control callback."""
        return self._callback_thread == threading.get_ident()

    def message(self, timeout: float | None) -> str | bytes:
        """Return one whole message, or the rest of one that `some` began."""
        # Every small message goes this way, so it calls nothing that it can do without: what
        # `start_reading`, `deadline`, `stop_reading` and `Supply.more` do stands here itself.
        connection = self._connection
        if not connection.reading.acquire(False):
            raise connection.occupied("read", _OPEN)
        try:
            if connection.status is not _OPEN:
                raise connection.aborted("read")
            if timeout is None:
                timeout = connection.layer.default_timeout
            deadline = None if timeout is None else Deadline.after(timeout)
            receiver = self.receiver
            buffer = receiver.buffer
            outgoing = self._outgoing
            supply = self._supply
            again = False
            while True:
                try:
                    # As a rule nothing is at hand: then the machine need not be asked.
                    came = len(buffer.data)
                    is_at_hand = buffer.position < came or not receiver.message_done
                    item = receiver.message() if is_at_hand else None
                    while item is None:
                        if again:
                            _check_time(deadline)
                        if is_at_hand or outgoing.tail or outgoing.posted or supply.silence:
                            supply.more(deadline)
                        elif data := connection.layer.receive(
                            FEW if came < FEW else RECEIVE_SIZE, deadline
                        ):
                            buffer.data = data
                            buffer.position = 0
                        else:
                            raise EOFError
                        is_at_hand = True
                        item = receiver.message()
                except (ProtocolViolation, MessageTooBig) as error:
                    self._fail(error, deadline)
                    raise
                except (OSError, EOFError) as error:
                    raise self._given_up(error) from None
                if isinstance(item, ControlFrame):
                    self._control(item, deadline)
                elif connection.status is _OPEN:
                    return item
                self._check_wanted(deadline)
                again = True
        finally:
            connection.reading.release()
            if connection.is_released:
                connection.close_when_left()

    def some(self, limit: int, timeout: float | None) -> bytes:
        """Return the next bytes of a message, `limit` at most."""
        connection = self._connection
        connection.start_reading("read_some", Status.OPEN)
        try:
            return self._some(limit, connection.deadline(timeout))
        finally:
            connection.stop_reading()

    def into(self, buffer: bytearray, timeout: float | None) -> int:
        """Append one whole message to `buffer`, or the rest of one; return the bytes appended."""
        connection = self._connection
        connection.start_reading("read", Status.OPEN)
        try:
            deadline = connection.deadline(timeout)
            size = len(buffer)
            buffer += self._some(RECEIVE_SIZE, deadline)
            while not self.receiver.message_done:
                buffer += self._some(RECEIVE_SIZE, deadline)
            return len(buffer) - size
        finally:
            connection.stop_reading()

    def finish_closing(self, deadline: Deadline | None) -> None:
        """Bring a closing that either side began to its end, unless it has one.

        When this side began it, read and drop until the peer's close frame comes, or more than
        `DRAIN_MAX` bytes of messages instead. What an interrupted read has left undone of a closing
        is done here. Blocks for that and as `teardown`.
        """
        connection = self._connection
        dropped = 0
        while connection.status is Status.LOCAL_CLOSING:
            item = self._part(RECEIVE_SIZE, deadline, dropped > 0)
            if isinstance(item, ControlFrame) and item.opcode is Opcode.CLOSE:
                self._answer_close(item.payload, deadline)
                return
            dropped += 1 + len(item.payload if isinstance(item, ControlFrame) else item)
            if dropped > DRAIN_MAX:
                connection.fail("the peer went on sending after the close frame")
                connection.release()
                raise ConnectionClosed(f"{dropped} bytes came instead of a close frame")
        if connection.status is Status.REMOTE_CLOSING:
            self._reply(deadline)
        elif not connection.is_released:
            self.end(deadline)

    def end(self, deadline: Deadline | None) -> None:
        """End the transport by the custom of the role, and release it; blocks as `teardown`."""
        teardown(self._connection.layer, self._role, deadline)
        self._connection.release()

    def _some(self, limit: int, deadline: Deadline | None) -> bytes:
        again = False
        while True:
            item = self._part(limit, deadline, again)
            if isinstance(item, ControlFrame):
                self._control(item, deadline)
            elif self._connection.status is Status.OPEN:
                return item
            self._check_wanted(deadline)
            again = True

    def _part(self, limit: int, deadline: Deadline | None, again: bool) -> bytes | ControlFrame:
        """Return what the machine has next of a message, or before it, once enough bytes came."""
        try:
            item = self.receiver.some(limit)
            while item is None:
                if again:
                    _check_time(deadline)
                self._supply.more(deadline)
                item = self.receiver.some(limit)
        except (ProtocolViolation, MessageTooBig) as error:
            self._fail(error, deadline)
            raise
        except (OSError, EOFError) as error:
            raise self._given_up(error) from None
        return item

    def _given_up(self, error: OSError | EOFError) -> Exception:
        """Return what to raise for `error`; but for the deadline, the connection has failed."""
        connection = self._connection
        if isinstance(error, TimedOut):
            return error
        if connection.status is Status.FAILED:
            # By an abort, which ends the bytes from the peer too.
            return connection.aborted("read")
        if isinstance(error, EOFError):
            why = "the peer ended the connection without a close frame"
        else:
            why = f"receiving failed: {error}"
        connection.fail(why)
        connection.release()
        return error if isinstance(error, OSError) else ConnectionClosed(why)

    def _check_wanted(self, deadline: Deadline | None) -> None:
        """Return if a read is to go on after what was no message for it.

        A close on this side, in another thread or in the control callback, ends the read; whoever
        closed may not be able to wait for the peer's close frame, so it is awaited here.
        """
        connection = self._connection
        if connection.status is not Status.OPEN:
            self.finish_closing(connection.closing_deadline(deadline))
            raise connection.aborted("read")

    def _fail(self, error: ProtocolViolation | MessageTooBig, deadline: Deadline | None) -> None:
        """Fail the connection: tell the peer why, and end it (RFC 6455 section 7.1.7)."""
        connection = self._connection
        code = error.code.close_code
        bound = connection.closing_deadline(deadline)
        try:
            if connection.status is Status.OPEN:
                self._outgoing.close(CloseReason(code), Status.OPEN, bound)
        except (OSError, OperationAborted):
            # Nobody hears of it; perhaps a sender is stuck, below whom nothing can be shut down.
            connection.fail(str(error))
            connection.release()
            return
        connection.fail(str(error))
        self.end(bound)

    def _control(self, frame: ControlFrame, deadline: Deadline | None) -> None:
        """Tell the callback of a control frame, and answer it; the answer goes out in any case."""
        if frame.opcode is Opcode.CLOSE:
            self._answer_close(frame.payload, deadline)
        elif self._connection.status is Status.OPEN:
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
        bound = connection.closing_deadline(deadline)
        left = connection.advance(Event.CLOSE_RECEIVED, "read")
        connection.reason = reason
        connection.why_ended = f"the peer closed the connection with {reason}"
        if left is Status.LOCAL_CLOSING:
            self.end(bound)
            return
        try:
            self._call_back(Opcode.CLOSE, payload[2:])
        finally:
            answered = self._reply(bound)
        raise ConnectionClosed(connection.why_ended, reason=reason, clean=answered)

    def _reply(self, deadline: Deadline | None) -> bool:
        """Answer the peer's close frame, and end the connection; tell whether the answer went out.

        Its code is the one that came (RFC 6455 section 5.5.1).
        """
        connection = self._connection
        code: int = CloseCode.NORMAL_CLOSURE
        if connection.reason is not None and connection.reason.code is not None:
            code = connection.reason.code
        try:
            self._outgoing.close(CloseReason(code), Status.REMOTE_CLOSING, deadline)
        except OSError as error:
            # The peer has gone already; what its close frame said holds all the same.
            connection.why_ended += f", and no answer could be sent: {error}"
            connection.fail(connection.why_ended)
            connection.release()
            return False
        answered = connection.status is Status.CLOSED
        self.end(deadline)
        return answered

    def _call_back(self, opcode: Opcode, payload: bytes) -> None:
        callback = self.callback
        if callback is not None:
            self._callback_thread = threading.get_ident()
            try:
                callback(_FRAME_TYPES[opcode], payload)
            finally:
                self._callback_thread = 0


def _check_time(deadline: Deadline | None) -> None:
    """Raise if the deadline has passed for a call that has met something it does not wait for.

    A layer that has bytes at hand does not look at the deadline, so a peer that sends pings without
    a pause could hold the call for ever. Messages are bounded by their limit.
    """
    if deadline is not None and not deadline.remaining():
        raise TimedOut("only control frames came in time")
