"""Bringing bytes from the layer to the receiving machine, under a deadline and watching silence.

The read that waits does all that has to be done while time passes: it pings a silent peer and gives
it up, and it sends what it could not send before. So there is no thread for it. It knows the layer
and where answers are posted, and nothing of messages.
"""

from typing import NoReturn

from beastly.core import Deadline, TimedOut
from beastly.websocket._connection import RECEIVE_SIZE, Connection
from beastly.websocket._outgoing import Outgoing
from beastly.websocket._receive import Receiver
from beastly.websocket._silence import Silence, Step
from beastly.websocket._status import Status
from beastly.websocket.error import ConnectionClosed, Error
from beastly.websocket.rfc6455 import Opcode

__all__ = ["Supply"]


class Supply:
    """The bytes of one stream that are still to come. The caller holds the reading lock.

    `silence` watches the peer's, unless that may last for ever; then, and while nothing is to be
    sent, `more` is all that a read needs.
    """

    __slots__ = ("_connection", "_outgoing", "_receiver", "silence")

    def __init__(self, connection: Connection, outgoing: Outgoing, receiver: Receiver) -> None:
        self._connection = connection
        self._outgoing = outgoing
        self._receiver = receiver
        self.silence: Silence | None = None

    def watch(self, silence: Silence | None) -> None:
        """Bound the silence of the peer from now on, or leave it unbounded."""
        if silence is not self.silence:
            self.silence = silence
            self._connection.layer.receive_timeout = None if silence is None else silence.period

    def more(self, deadline: Deadline | None) -> None:
        """Bring some more bytes to the machine, and do nothing else. Blocks until some came.

        Raises:
            TimedOut: the deadline passed; nothing is lost.
            ConnectionClosed: the bytes ended.
            ProtocolViolation: what came makes a text invalid.
            OperationAborted: another thread has aborted the stream.
            OSError: the connection failed.
        """
        receiver = self._receiver
        try:
            if receiver.window_size:
                with receiver.window() as window:
                    count = self._connection.layer.receive_into(window, deadline)
                if count:
                    receiver.commit(count)
                    return
            else:
                data = self._connection.layer.receive(RECEIVE_SIZE, deadline)
                if data:
                    receiver.buffer.feed(data)
                    return
        except TimedOut:
            raise
        except OSError as error:
            self._lose(f"receiving failed: {error}", error)
        self._lose("the peer ended the connection without a close frame", None)

    def more_in_time(self, deadline: Deadline | None) -> None:
        """Do as `more`, and watch the silence of the peer, and send what waits to be sent.

        Returns as well when something was sent.

        Raises:
            TimedOut, ProtocolViolation, OperationAborted, OSError: as `more`.
            ConnectionClosed: the bytes ended, or the peer was silent for too long.
        """
        silence = self.silence
        outgoing = self._outgoing
        is_pending = outgoing.tail or outgoing.posted
        if silence is None or is_pending or deadline is not None or not silence.is_fresh:
            self._receive_and_watch(deadline)
            return
        # The layer itself keeps the time that is the same for every receive.
        try:
            self.more(None)
        except TimedOut:
            self._break(silence)

    def _receive_and_watch(self, deadline: Deadline | None) -> None:
        """Receive, while there is something to send or more than one limit of time."""
        silence = self.silence
        if silence is None or self._connection.status is not Status.OPEN:
            try:
                self._take(deadline)
            except TimedOut:
                # Without a deadline it was the layer's own time, which is for open streams.
                if deadline is not None:
                    raise
        else:
            self._take_in_time(silence, deadline)

    def _take_in_time(self, silence: Silence, deadline: Deadline | None) -> None:
        """Receive until the deadline or the end of patience, whichever comes first."""
        patience = Deadline(silence.patience)
        try:
            if self._take(min(patience, deadline or patience, key=Deadline.remaining)):
                silence.heard()
            else:
                silence.waited(silence.patience - patience.remaining())
        except TimedOut:
            left = patience.remaining()
            if left:
                silence.waited(silence.patience - left)
                raise
            self._break(silence)

    def _break(self, silence: Silence) -> None:
        """Ask a peer that has been silent whether it is there, or give it up."""
        if self._connection.status is not Status.OPEN:
            # A closing has begun meanwhile, which has its own deadline.
            return
        if silence.ran_out() is Step.PING:
            self._outgoing.post(Opcode.PING, b"")
            return
        self._connection.fail(silence.why)
        self._connection.release()
        raise ConnectionClosed(silence.why, code=Error.IDLE_TIMEOUT)

    def _take(self, deadline: Deadline | None) -> bool:
        """Receive, and send meanwhile what nobody else will send; tell whether bytes came."""
        outgoing = self._outgoing
        outgoing.flush_posted()
        if not outgoing.is_stuck:
            self.more(deadline)
            return True
        self._connection.layer.wait(deadline)
        outgoing.flush_posted()
        try:
            self.more(Deadline(0))
        except TimedOut:
            # It was room that came, and no bytes.
            return False
        return True

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
