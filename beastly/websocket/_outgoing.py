"""The sending half of an open stream: puts whole frames on the layer, in one order for all threads.

One lock makes messages atomic. What a timeout or a signal cuts off in mid-frame is kept and goes
out before anything else, so the wire never carries half a frame. Control frames that a reader has
to answer with are posted: they are sent at once when nobody is sending, else by the one who is, so
a reader never waits for a sender. It knows the layer and the sending machine, nothing of reading.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from beastly.core import Deadline, TimedOut
from beastly.websocket._connection import Connection
from beastly.websocket._send import Sender
from beastly.websocket._status import Event, Status
from beastly.websocket._utf8 import Utf8Checker
from beastly.websocket.rfc6455 import CloseReason, Opcode

__all__ = ["Outgoing"]

# A name of the module's own: looking a member up in its enum costs a tenth of a microsecond.
_OPEN: Final = Status.OPEN

_AT_ONCE: Final = Deadline(0)

_POSTED_MAX: Final = 1024
"""How many answers wait to be sent at most. A peer that pings and never reads loses the oldest of
its pongs, which it needs not: the latest answers them all (RFC 6455 section 5.5.3)."""


class Outgoing:
    """Sends the messages and control frames of one stream; any thread may call.

    Every method that blocks raises `TimedOut` at its deadline, whose `unsent` counts the bytes
    that were kept, `OperationAborted` where the status allows no sending, and `OSError`.

    `tail` is what a timeout cut off, and `posted` the answers to send behind it: while there are
    any, they go before anything else.
    """

    __slots__ = ("_broken", "_connection", "_cut_text", "_is_text", "posted", "sender", "tail")

    def __init__(self, connection: Connection, sender: Sender) -> None:
        self._connection = connection
        self.sender = sender
        self.tail = b""
        self.posted: deque[tuple[Opcode, bytes]] | None = None
        self._broken = False
        self._is_text = False
        self._cut_text = b""

    @property
    def is_stuck(self) -> bool:
        """Tell whether something waits that no sending thread will send, for want of room."""
        connection = self._connection
        return (
            bool(self.tail or self.posted)
            and not self._broken
            and connection.status is Status.OPEN
            and not connection.writing.locked()
        )

    def write(
        self, opcode: Opcode, data: bytes, timeout: float | None, checked: bool
    ) -> None:
        """Send one whole message, or the end of one that `write_some` began.

        `checked` tells that `data` may be a message of its own: text that is UTF-8, or binary.
        """
        # Every small message goes this way, so it calls nothing that it can do without: what
        # `_in_turn`, `_send` and `stop_writing` do stands here itself.
        connection = self._connection
        if timeout is None:
            timeout = connection.layer.default_timeout
        if timeout is None:
            deadline = None
            connection.writing.acquire()
        else:
            deadline = Deadline.after(timeout)
            self._acquire(deadline)
        try:
            if connection.status is not _OPEN or self.tail or self.posted:
                self._get_ready("write", deadline)
            frame = self.sender.message(opcode, data) if checked else None
            if frame is None:
                self._send_whole(opcode, data, checked, deadline)
            else:
                try:
                    sent = connection.layer.send(frame, deadline)
                except BaseException as error:
                    self._keep_begun(frame, error)
                    raise
                if sent < len(frame):
                    self._send_rest(memoryview(frame)[sent:], deadline)
        except BaseException as error:
            deadline = _AT_ONCE
            self.sender.forget()
            if isinstance(error, OSError):
                raise self._failure("write", error) from None
            raise
        finally:
            connection.writing.release()
            if connection.is_released:
                connection.close_when_left()
            # What was posted while this thread held the lock is this thread's to send.
            if self.posted:
                self.flush_posted(deadline)

    def write_some(
        self, opcode: Opcode, data: bytes, fin: bool, timeout: float | None
    ) -> None:
        """Send a part of a message, and its end with `fin`."""

        def send(deadline: Deadline | None) -> None:
            self._check_text(opcode, data, fin)
            self._send_pieces(opcode, memoryview(data), fin, deadline)

        self._in_turn("write_some", send, timeout)

    def control(self, opcode: Opcode, payload: bytes, timeout: float | None) -> None:
        """Send one ping or pong."""

        def send(deadline: Deadline | None) -> None:
            self._send(self.sender.control(opcode, payload), deadline)

        self._in_turn(opcode.name.lower(), send, timeout)

    def _in_turn(
        self, verb: str, send: Callable[[Deadline | None], None], timeout: float | None
    ) -> None:
        """Send for `verb` when it is this thread's turn, and what was posted meanwhile."""
        deadline = self._connection.deadline(timeout)
        self._acquire(deadline)
        try:
            self._get_ready(verb, deadline)
            send(deadline)
        except BaseException as error:
            deadline = _AT_ONCE
            self.sender.forget()
            if isinstance(error, OSError):
                raise self._failure(verb, error) from None
            raise
        finally:
            self._connection.stop_writing()
            self.flush_posted(deadline)

    def close(self, reason: CloseReason, status: Status, deadline: Deadline | None) -> None:
        """Send the close frame, if the status still is `status` when it is this thread's turn.

        What waits to be sent goes before it, nothing goes after it.
        """
        connection = self._connection
        self._acquire(deadline)
        try:
            if connection.status is status:
                # Before its first byte: nothing may follow a close frame, complete or not.
                connection.advance(Event.CLOSE_SENT, "close")
                frames = [self.tail]
                posted = self.posted
                if posted is not None:
                    # Not by iterating over it: the reader may be adding to it.
                    for _ in range(len(posted)):
                        frames.append(self.sender.control(*posted.popleft()))
                self.tail = b"".join([*frames, self.sender.close(reason)])
            # Where an earlier close was interrupted, its rest.
            if connection.status is not Status.FAILED:
                self._send_rest(memoryview(self.tail), deadline)
        except OSError as error:
            raise self._failure("close", error) from None
        finally:
            connection.stop_writing()

    def post(self, opcode: Opcode, payload: bytes) -> None:
        """Hand over an answer of the reader's; it goes out soon. Never blocks."""
        if self.posted is None:
            # Made when it is needed: it takes a third of the memory of a stream without it.
            self.posted = deque(maxlen=_POSTED_MAX)
        self.posted.append((opcode, payload))
        self.flush_posted()

    def flush_posted(self, deadline: Deadline | None = _AT_ONCE) -> None:
        """Send what is pending, as far as the layer takes it in time and nobody else is sending.

        A failure to send is left to the next one who sends, or to the reader, who will see it too.
        """
        connection = self._connection
        while (self.tail or self.posted) and connection.writing.acquire(False):
            try:
                if connection.status is not Status.OPEN:
                    return
                self._flush(deadline)
            except OSError as error:
                self._broken = not isinstance(error, TimedOut)
                return
            finally:
                connection.stop_writing()

    def _check_text(self, opcode: Opcode, data: bytes, fin: bool) -> None:
        """Refuse what would make the message invalid, if it is text (RFC 6455 section 5.6).

        A part may end inside a code point, which the next one has to continue.

        Raises:
            ValueError: it is no UTF-8. Nothing has changed.
        """
        if not self.sender.in_message:
            self._is_text = opcode is Opcode.TEXT
        if not self._is_text:
            return
        checker = Utf8Checker()
        try:
            checker.feed(self._cut_text)
            checker.feed(data)
            if fin:
                checker.finish()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"a text message must be valid UTF-8: {error} (RFC 6455 section 5.6)"
            ) from error
        self._cut_text = checker.pending

    def _acquire(self, deadline: Deadline | None) -> None:
        writing = self._connection.writing
        if deadline is None:
            writing.acquire()
        elif not writing.acquire(timeout=deadline.remaining()):
            raise TimedOut("another thread is still sending")

    def _get_ready(self, verb: str, deadline: Deadline | None) -> None:
        if self._connection.status is not _OPEN:
            raise self._connection.aborted(verb)
        if self.tail or self.posted:
            self._flush(deadline)

    def _failure(self, verb: str, error: OSError) -> Exception:
        """Return what to raise for `error`: that the stream was aborted explains any of them."""
        if self._connection.status is Status.FAILED and not isinstance(error, TimedOut):
            return self._connection.aborted(verb)
        return error

    def _flush(self, deadline: Deadline | None) -> None:
        try:
            self._send_rest(memoryview(self.tail), deadline)
            while self.posted:
                opcode, payload = self.posted.popleft()
                self._send_rest(memoryview(self.sender.control(opcode, payload)), deadline)
        except TimedOut as error:
            # The caller's own message was not begun.
            error.unsent = 0
            raise

    def _send_whole(
        self, opcode: Opcode, data: bytes, checked: bool, deadline: Deadline | None
    ) -> None:
        """Do what `write` promises, for every kind of message."""
        if self.sender.in_message or not checked:
            self._check_text(opcode, data, True)
        frame = self.sender.message(opcode, data)
        if frame is None:
            self._send_pieces(opcode, memoryview(data), True, deadline)
        else:
            self._send(frame, deadline)

    def _send(self, data: bytes, deadline: Deadline | None) -> None:
        try:
            sent = self._connection.layer.send(data, deadline)
        except BaseException as error:
            self._keep_begun(data, error)
            raise
        if sent < len(data):
            self._send_rest(memoryview(data)[sent:], deadline)

    def _send_rest(self, rest: memoryview, deadline: Deadline | None) -> None:
        """Send `rest` of a frame; whatever ends it early, keep what has not gone out."""
        self.tail = b""
        try:
            while rest:
                # The layer's method that tells the count whatever comes between.
                rest = rest[self._connection.layer.send_vector((rest,), deadline) :]
        except BaseException as error:
            self._keep(bytes(rest), error)
            raise

    def _send_pieces(
        self, opcode: Opcode, data: memoryview, fin: bool, deadline: Deadline | None
    ) -> None:
        """Send a message or a part of it as the machine cuts it.

        All of it is committed from here on: the machine counts it as sent, and the caller may
        reuse the buffer, so what does not go out in time is copied and kept.
        """
        pieces = self.sender.pieces(opcode, data, fin)
        layer = self._connection.layer
        buffers: Sequence[bytes | memoryview] = ()
        sent = 0
        try:
            for buffers, ends_frame in pieces:
                sent = 0
                while rest := _behind(buffers, sent):
                    sent += layer.send_vector(rest, deadline)
                # Let go before the next piece is made, which may have the same memory then.
                buffers = ()
                if ends_frame and self.posted:
                    self._flush(deadline)
        except BaseException as error:
            later = (buffer for piece in pieces for buffer in piece.buffers)
            self._keep(b"".join([self.tail, *_behind(buffers, sent), *later]), error)
            raise

    def _keep_begun(self, frames: bytes, error: BaseException) -> None:
        """Keep `frames`, of which no byte has gone, if the layer has taken in some all the same."""
        if self._connection.layer.has_begun:
            self._keep(frames, error)

    def _keep(self, tail: bytes, error: BaseException) -> None:
        self.tail = tail
        if isinstance(error, TimedOut):
            error.unsent = len(tail)


def _behind(
    buffers: Sequence[bytes | memoryview], sent: int
) -> Sequence[bytes | memoryview]:
    """Return what `buffers` have behind the first `sent` bytes."""
    if not sent:
        return buffers
    rest: list[bytes | memoryview] = []
    for buffer in buffers:
        size = len(buffer)
        if sent < size:
            rest.append(memoryview(buffer)[sent:])
        sent -= min(sent, size)
    return rest
