"""The state of a connection: one enum and one table of what may follow what (RFC 6455 section 7.1).

Pure data and one look-up. What causes an event, and what has to be done about one, is elsewhere.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import ClassVar, Final

__all__ = ["TRANSITIONS", "Event", "Status", "advance"]


class Status(Enum):
    """Where a connection is between its opening handshake and its end.

    `meaning` says it in words. `may_handshake`, `may_write` and `may_read` tell what a caller may
    begin: a handshake, a message or ping, the reading of frames. `is_open` is Beast's word for the
    time in which both sides may send.
    """

    # That of an enum is made from its name, in Python, at each step.
    __hash__: ClassVar[Callable[[object], int]] = object.__hash__

    CONNECTING = ("no opening handshake has succeeded yet", True, False, False)
    OPEN = ("messages flow in both directions", False, True, True)
    LOCAL_CLOSING = ("this side sent a close frame and awaits the peer's", False, False, True)
    REMOTE_CLOSING = ("the peer's close frame came and is to be answered", False, False, False)
    CLOSED = ("both close frames were exchanged, or none was ever needed", False, False, False)
    FAILED = ("the connection ended without the closing handshake", False, False, False)

    def __init__(self, meaning: str, may_handshake: bool, may_write: bool, may_read: bool) -> None:
        self.meaning = meaning
        self.may_handshake = may_handshake
        self.may_write = may_write
        self.may_read = may_read
        self.is_open = may_write


class Event(Enum):
    """What can happen to a connection; the value says it in words."""

    __hash__: ClassVar[Callable[[object], int]] = object.__hash__

    OPENED = "an opening handshake succeeded"
    ABANDONED = "the stream was closed before it was ever open"
    CLOSE_SENT = "this side sent its close frame"
    CLOSE_RECEIVED = "the peer's close frame arrived"
    FAILED = "a rule was broken, the transport failed, or the stream was aborted"


TRANSITIONS: Final[Mapping[tuple[Status, Event], Status]] = MappingProxyType(
    {
        (Status.CONNECTING, Event.OPENED): Status.OPEN,
        (Status.CONNECTING, Event.ABANDONED): Status.CLOSED,
        (Status.CONNECTING, Event.FAILED): Status.FAILED,
        (Status.OPEN, Event.CLOSE_SENT): Status.LOCAL_CLOSING,
        (Status.OPEN, Event.CLOSE_RECEIVED): Status.REMOTE_CLOSING,
        (Status.OPEN, Event.FAILED): Status.FAILED,
        (Status.LOCAL_CLOSING, Event.CLOSE_RECEIVED): Status.CLOSED,
        (Status.LOCAL_CLOSING, Event.FAILED): Status.FAILED,
        (Status.REMOTE_CLOSING, Event.CLOSE_SENT): Status.CLOSED,
        (Status.REMOTE_CLOSING, Event.FAILED): Status.FAILED,
        (Status.FAILED, Event.FAILED): Status.FAILED,
    }
)
"""Every legal step, in the order of a connection's life. What is not here must not happen."""


def advance(status: Status, event: Event) -> Status:
    """Return the status that follows `status` upon `event`.

    Raises:
        RuntimeError: the event cannot happen there; it is a fault of the caller's code.
    """
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        raise RuntimeError(
            f"{event.name} cannot happen to a connection that is {status.name}"
        ) from None
