"""Bringing bytes from the layer to the receiving machine, under a deadline and watching silence.

The read that waits does all that has to be done while time passes: it pings a silent peer and gives
it up, and it sends what it could not send before. So there is no thread for it. It knows the layer
and where answers are posted, and nothing of messages.
"""

from beastly.core import Deadline, TimedOut
from beastly.websocket._connection import FEW, RECEIVE_SIZE, Connection
from beastly.websocket._outgoing import Outgoing
from beastly.websocket._receive import Receiver
from beastly.websocket._silence import Silence, Step
from beastly.websocket._status import Status
from beastly.websocket.error import ConnectionClosed, Error
from beastly.websocket.rfc6455 import Opcode

__all__ = ["Supply"]


class Supply:
    """The bytes of one stream that are still to come. The caller holds the reading lock.

    `silence` watches the peer's, unless that may last for ever.
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
        """Bring some more bytes to the machine. Blocks until some came, or something was sent.

        Raises:
            TimedOut: the deadline passed; nothing is lost.
            EOFError, OSError: the bytes have ended, or an abort has ended them.
            ConnectionClosed: the peer was silent for too long, and the connection has failed.
            ProtocolViolation: what came makes a text invalid.
        """
        silence = self.silence
        is_pending = self._outgoing.tail or self._outgoing.posted
        if silence is None or is_pending or deadline is not None or not silence.is_fresh:
            self._receive_and_watch(deadline)
            return
        # The layer itself keeps the time that is the same for every receive.
        try:
            self._receive(None)
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
            self._receive(deadline)
            return True
        self._connection.layer.wait(deadline)
        outgoing.flush_posted()
        try:
            self._receive(Deadline(0))
        except TimedOut:
            # It was room that came, and no bytes.
            return False
        return True

    def _receive(self, deadline: Deadline | None) -> None:
        layer = self._connection.layer
        receiver = self._receiver
        if receiver.window_size:
            with receiver.window() as window:
                count = layer.receive_into(window, deadline)
            if not count:
                raise EOFError
            receiver.commit(count)
        else:
            buffer = receiver.buffer
            data = layer.receive(FEW if len(buffer.data) < FEW else RECEIVE_SIZE, deadline)
            if not data:
                raise EOFError
            buffer.feed(data)
