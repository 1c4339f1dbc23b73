"""One deadline for a whole call, shared by all its waits. The only module that reads a clock."""

import math
import time
from typing import Final

__all__ = ["WAIT_MAX", "Deadline"]

WAIT_MAX: Final = 2_000_000.0
"""Seconds, some 23 days: the systems refuse to wait for longer at once, so a wait ends there."""


class Deadline:
    """The moment at which a call gives up.

    A call that may last for ever has no deadline at all: `None` stands for it everywhere, so that
    the path without one costs nothing.
    """

    __slots__ = ("_moment",)

    def __init__(self, seconds: float) -> None:
        if not seconds >= 0:
            raise ValueError(f"a timeout is a number of seconds not below zero, not {seconds!r}")
        self._moment = time.monotonic() + seconds

    @classmethod
    def after(cls, timeout: float | None) -> "Deadline | None":
        """Return the deadline `timeout` seconds from now; `None` and infinity have none.

        Raises:
            ValueError: `timeout` is negative or not a number.
        """
        if timeout is None or timeout == math.inf:
            return None
        return cls(timeout)

    def remaining(self) -> float:
        """Return the seconds left, `WAIT_MAX` at most, and zero once the moment has passed."""
        return min(max(0.0, self._moment - time.monotonic()), WAIT_MAX)
