"""Waiting until a descriptor is ready: the only module that polls. It moves no bytes."""

import errno
import math
import os
import select
import sys

from beastly.core.deadline import Deadline
from beastly.core.error import TimedOut

__all__ = ["wait_either", "wait_readable", "wait_writable"]


def wait_readable(descriptor: int, deadline: Deadline | None) -> None:
    """Return when `descriptor` can be read, has ended or failed; blocks until then.

    Raises:
        TimedOut: the deadline passed first.
        OSError: the socket of the descriptor is closed.
    """
    if not _is_ready(_checked(descriptor), True, False, deadline):
        raise TimedOut("no bytes arrived in time")


def wait_writable(descriptor: int, deadline: Deadline | None) -> None:
    """Return when `descriptor` can be written to, or has failed; blocks until then.

    Raises:
        TimedOut: the deadline passed first.
        OSError: the socket of the descriptor is closed.
    """
    if not _is_ready(_checked(descriptor), False, True, deadline):
        raise TimedOut("the peer takes no more bytes")


def wait_either(descriptor: int, deadline: Deadline | None) -> None:
    """Return when `descriptor` can be read or written to; blocks until then.

    Raises:
        TimedOut: the deadline passed first.
        OSError: the socket of the descriptor is closed.
    """
    if not _is_ready(_checked(descriptor), True, True, deadline):
        raise TimedOut("no bytes arrived in time, and the peer takes none")


def _checked(descriptor: int) -> int:
    # That of a socket which its owner has closed; poll would take it for a bad argument.
    if descriptor < 0:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return descriptor


# Windows has no poll; coverage leaves its branch out.
if sys.platform == "win32":

    def _is_ready(
        descriptor: int, readable: bool, writable: bool, deadline: Deadline | None
    ) -> bool:
        remaining = None if deadline is None else deadline.remaining()
        ready = select.select([descriptor] * readable, [descriptor] * writable, [], remaining)
        return any(ready)

else:

    def _is_ready(
        descriptor: int, readable: bool, writable: bool, deadline: Deadline | None
    ) -> bool:
        # poll, since select refuses descriptors from 1024 on and epoll takes one of its own.
        poll = select.poll()
        poll.register(descriptor, select.POLLIN * readable | select.POLLOUT * writable)
        if deadline is None:
            return bool(poll.poll())
        # Rounded up: a wait that ends early would have to be repeated.
        return bool(poll.poll(math.ceil(deadline.remaining() * 1000)))
