"""Closing a stream: the closing handshake from this side, and giving up.

Whoever may be reading finishes the closing handshake, since the peer's close frame arrives there;
when nobody is, the closing thread reads. It knows both halves of a stream.
"""

import contextlib
from typing import Final

from beastly.core import Deadline, OperationAborted, TimedOut
from beastly.websocket._connection import Connection
from beastly.websocket._incoming import Incoming
from beastly.websocket._outgoing import Outgoing
from beastly.websocket._status import Status
from beastly.websocket.rfc6455 import CloseReason

__all__ = ["LINGER", "close", "fail", "give_up"]

LINGER: Final = 1.0
"""Seconds that a failing stream waits at most for its close frame to arrive: an exception of the
caller's is on its way."""


def give_up(connection: Connection) -> None:
    """End a connection that never was a WebSocket one, or that has ended. Never blocks."""
    connection.abandon("it was closed before it was open")
    # If a handshake has succeeded in another thread this very moment.
    connection.fail("it was closed while it was being opened")
    connection.release()


def close(
    connection: Connection,
    incoming: Incoming,
    outgoing: Outgoing,
    reason: CloseReason,
    deadline: Deadline | None,
) -> None:
    """Send the close frame, and wait until the peer's has ended the connection.

    What else the peer sends meanwhile is dropped. The reply to a peer that closed first is the
    reader's to send, and the transport of a connection that has ended the reader's to end; then
    this only waits for it, and does what an interrupted reader has left.
    """
    if connection.is_released:
        return
    try:
        try:
            outgoing.close(reason, Status.OPEN, deadline)
        except TimedOut:
            raise
        except OSError:
            # Perhaps the peer has closed too and is gone: what it sent last tells.
            pass
        if incoming.is_calling_back:
            # The read that called back goes on when the callback returns, and finishes this.
            return
        _await_close(connection, incoming, deadline)
    except TimedOut as error:
        why = f"the closing handshake did not end in time: {error.detail}"
        # It is the transport alone that did not when the handshake has: nobody misses that.
        is_late = not connection.has_ended
        connection.fail(why)
        connection.release()
        if is_late:
            raise TimedOut(why) from None
    if connection.is_aborted:
        raise connection.aborted("close")


def _await_close(connection: Connection, incoming: Incoming, deadline: Deadline | None) -> None:
    reading = connection.reading
    if deadline is None:
        reading.acquire()
    elif not reading.acquire(timeout=deadline.remaining()):
        raise TimedOut("no close frame came to the thread that reads")
    try:
        incoming.finish_closing(deadline)
    finally:
        connection.stop_reading()


def fail(
    connection: Connection,
    incoming: Incoming,
    outgoing: Outgoing,
    reason: CloseReason,
    why: str,
) -> None:
    """Fail the connection: tell the peer `reason` if it takes it at once, and end it."""
    deadline = connection.closing_deadline(Deadline(LINGER))
    is_told = False
    with contextlib.suppress(OSError, OperationAborted):
        outgoing.close(reason, Status.OPEN, deadline)
        is_told = True
    connection.fail(why)
    if is_told and connection.reading.acquire(False):
        try:
            incoming.end(deadline)
        finally:
            connection.stop_reading()
    connection.release()
