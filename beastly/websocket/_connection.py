"""What the verbs of one stream share: the layer below, the status, the locks, the end.

Threads. `reading` is held by the one thread that takes bytes from the layer, `writing` by the one
that puts bytes there; a handshake holds both. Where a thread needs both it takes `reading` first.
`_transition` guards the status and the end of the layer for the length of a step that never waits.
It is taken last, and a second time by a signal handler that ends the stream just then. No lock is
ever held while waiting for another thread to do something, except `writing`, which a sender holds
while the layer takes its bytes.

The layer is closed only when both locks are free: a descriptor that is closed under a thread which
still uses it may be given to another connection. It knows nothing of frames and HTTP.
"""

import threading
from typing import Final

from beastly.core import Busy, Deadline, Layer, OperationAborted, ReceiveBuffer, Role
from beastly.websocket._frame import HEADER_MAX
from beastly.websocket._status import Event, Status, advance
from beastly.websocket.option import Timeout
from beastly.websocket.rfc6455 import CloseReason

__all__ = ["FEW", "RECEIVE_SIZE", "Connection"]

RECEIVE_SIZE: Final = 65536 + HEADER_MAX
"""Bytes asked for in one receive: enough for a frame of 64 KiB. Much more would make the allocator
give memory back each time."""

FEW: Final = 479
"""Bytes asked for behind a block that had fewer. Python keeps objects of up to 512 bytes by
themselves, so that what a connection at rest waits with takes no page of memory; and who has said
little mostly says little again."""

_TIMEOUT: Final = Timeout()
"""What a stream has at first."""


class Connection:
    """The state of one connection, as far as more than one verb needs it."""

    __slots__ = (
        "_closed",
        "_transition",
        "buffer",
        "is_aborted",
        "is_released",
        "layer",
        "reading",
        "reason",
        "role",
        "status",
        "timeout",
        "why_ended",
        "writing",
    )

    def __init__(self, layer: Layer) -> None:
        self.layer: Layer = layer
        self.buffer: ReceiveBuffer = ReceiveBuffer()
        self.role: Role | None = None
        self.status: Status = Status.CONNECTING
        self.reason: CloseReason | None = None
        self.timeout: Timeout = _TIMEOUT
        self.reading: threading.Lock = threading.Lock()
        self.writing: threading.Lock = threading.Lock()
        self.why_ended: str = ""
        self.is_aborted: bool = False
        self._transition = threading.RLock()
        self.is_released: bool = False
        self._closed = False

    def deadline(self, timeout: float | None) -> Deadline | None:
        """Return the deadline of a call: its own timeout, else the one set on the socket."""
        return Deadline.after(self.layer.default_timeout if timeout is None else timeout)

    def handshake_deadline(self, timeout: float | None) -> Deadline | None:
        """Return the deadline of opening and closing, which always have one unless told."""
        return Deadline.after(self.timeout.handshake_timeout if timeout is None else timeout)

    def closing_deadline(self, deadline: Deadline | None) -> Deadline | None:
        """Return the deadline of a closing that a call with `deadline` runs into."""
        bound = Deadline.after(self.timeout.handshake_timeout)
        if deadline is None or bound is None:
            return deadline or bound
        return min(deadline, bound, key=Deadline.remaining)

    @property
    def has_ended(self) -> bool:
        """Tell whether the conversation is over, by a closing handshake or without."""
        return self.status in (Status.CLOSED, Status.FAILED)

    def advance(self, event: Event, verb: str) -> Status:
        """Move to the status that follows `event` in a `verb`, and return the one that was left.

        Raises:
            OperationAborted: another thread has aborted or failed the connection meanwhile.
        """
        with self._transition:
            left = self.status
            if left is Status.FAILED:
                raise self.aborted(verb)
            self.status = advance(left, event)
        return left

    def open(self, role: Role) -> None:
        """Begin the conversation: an opening handshake has succeeded in `role`.

        Raises:
            OperationAborted: another thread has closed or aborted the stream meanwhile.
        """
        with self._transition:
            if self.has_ended:
                raise self.aborted("the handshake")
            self.status = advance(self.status, Event.OPENED)
            self.role = role

    def abandon(self, why: str) -> None:
        """Close a connection that was not opened yet; otherwise do nothing."""
        with self._transition:
            if self.status is Status.CONNECTING:
                self.status = advance(self.status, Event.ABANDONED)
                self.why_ended = why

    def fail(self, why: str) -> None:
        """Give the connection up without a closing handshake; `why` is told to later callers."""
        with self._transition:
            if self.has_ended:
                return
            self.status = advance(self.status, Event.FAILED)
            self.why_ended = why

    def start_reading(self, verb: str, status: Status) -> None:
        """Enter the reading half for a `verb` that needs `status`.

        Raises:
            OperationAborted: the status is another one.
            Busy: another thread is inside.
        """
        if not self.reading.acquire(False):
            raise self.occupied(verb, status)
        if self.status is not status:
            self.stop_reading()
            raise self.aborted(verb)

    def occupied(self, verb: str, status: Status) -> OperationAborted | Busy:
        """Return the exception for a `verb` that needs `status` while a thread is reading."""
        # A closing thread is inside too, and then it is too late rather than too early.
        if self.status is not status:
            return self.aborted(verb)
        return Busy("a read is under way, in another thread or around a control callback")

    def stop_reading(self) -> None:
        """Leave the reading half."""
        self.reading.release()
        if self.is_released:
            self.close_when_left()

    def stop_writing(self) -> None:
        """Leave the writing half."""
        self.writing.release()
        if self.is_released:
            self.close_when_left()

    def aborted(self, verb: str) -> OperationAborted:
        """Return the exception for a `verb` that the status does not allow."""
        if self.status is Status.CONNECTING:
            return OperationAborted(
                f"{verb} needs a handshake or an accept that succeeded before it"
            )
        if self.status is Status.OPEN:
            return OperationAborted(f"{verb} needs a connection that is not open yet")
        why = self.why_ended or self.status.meaning
        return OperationAborted(f"{verb} came after the end: {why}")

    def abort(self) -> None:
        """End everything at once: wakes the threads inside, and lets none in any more."""
        self.is_aborted = True
        self.fail("it was aborted")
        self.release()

    def release(self) -> None:
        """Close the layer as soon as no thread is inside; those that wait in it are woken."""
        self.is_released = True
        with self._transition:
            if not self._closed:
                self.layer.abort()
        self.close_when_left()

    def close_when_left(self) -> None:
        """Close a released layer if no thread is inside; each that leaves a half calls this."""
        # Every thread that leaves looks, and each looks again after it gave the locks back: the
        # last of them finds both free, however they overlap.
        while not (self._closed or self.reading.locked() or self.writing.locked()):
            if self.reading.acquire(False):
                if self.writing.acquire(False):
                    # Not while another thread is in the abort of a descriptor that is still open.
                    with self._transition:
                        self._closed = True
                        self.layer.close()
                    self.writing.release()
                self.reading.release()
