"""How long a peer may stay silent: when to ask with a ping, and when to give it up.

A pure machine that is told how long a read has waited; it reads no clock. Only waiting counts: a
program that does not read cannot know whether its peer has spoken.
"""

from enum import Enum

__all__ = ["Silence", "Step"]


class Step(Enum):
    """What to do when the patience with a peer has run out."""

    PING = "ask whether it is there"
    GIVE_UP = "fail the connection"


class Silence:
    """The silence of one peer, bounded by `idle_timeout` seconds.

    `patience` is how many seconds a read may go on waiting. With `pings` it ends at half of the
    time for the first time, so that a ping can be sent, and the peer has the other half to answer.
    Any byte is a sign of life. `is_fresh` tells that nobody has waited since one: then `patience`
    is `period`.
    """

    __slots__ = ("_idle_timeout", "_pinged", "_pings", "is_fresh", "patience", "period")

    def __init__(self, idle_timeout: float, *, pings: bool) -> None:
        self._idle_timeout = idle_timeout
        self._pings = pings
        self._pinged = False
        self.period: float = idle_timeout / 2 if pings else idle_timeout
        self.patience: float = self.period
        self.is_fresh: bool = True

    @property
    def why(self) -> str:
        """What to say of a peer that was given up."""
        silence = f"no byte came from the peer for {self._idle_timeout:g} s"
        if not self._pings:
            return silence
        return f"{silence}; a ping {self.period:g} s ago was not answered"

    def heard(self) -> None:
        """A byte came."""
        self.is_fresh = True
        self.patience = self.period
        self._pinged = False

    def waited(self, seconds: float) -> None:
        """A read waited for `seconds` in vain, and was then cut short by a deadline of its own."""
        self.is_fresh = False
        self.patience = max(0.0, self.patience - seconds)

    def ran_out(self) -> Step:
        """A read waited for all of `patience` in vain."""
        if not self._pings or self._pinged:
            return Step.GIVE_UP
        self._pinged = True
        self.is_fresh = False
        self.patience = self.period
        return Step.PING
