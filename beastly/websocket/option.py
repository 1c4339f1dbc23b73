"""The options of a stream, for `set_option`: plain values, checked when they are made."""

from collections.abc import Callable
from dataclasses import dataclass

from beastly.core import Role
from beastly.http import Request, Response

__all__ = ["Decorator", "Timeout"]


@dataclass(frozen=True, slots=True)
class Decorator:
    """Functions that edit the HTTP messages of the handshake just before they are sent.

    `request` is called with the upgrade request of a client, `response` with every response of a
    server, refusals included (its `status` tells which). One decorator may have both and serve
    streams of either role. What a function sets is checked before a byte is sent.
    """

    request: Callable[[Request], object] | None = None
    response: Callable[[Response], object] | None = None


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long the phases of a connection may last, in seconds; `None` for any time.

    `handshake_timeout` bounds `handshake`, `accept` and `close` where the call names no timeout of
    its own.

    `idle_timeout` bounds the silence of the peer while a read waits for it: then the connection is
    failed, and the read raises `ConnectionClosed` with `Error.IDLE_TIMEOUT`. With
    `keep_alive_pings` a ping is sent when half of it has passed; any byte from the peer counts as
    life. The read that waits does both: nothing is watched while nobody reads.

    Raises:
        ValueError: `handshake_timeout` is negative, `idle_timeout` is not above zero, or one of
            them is not a number.
    """

    handshake_timeout: float | None = 30.0
    idle_timeout: float | None = None
    keep_alive_pings: bool = False

    def __post_init__(self) -> None:
        limit, silence = self.handshake_timeout, self.idle_timeout
        if limit is not None and not limit >= 0:
            raise ValueError(
                f"handshake_timeout is a number of seconds not below zero, not {limit!r}"
            )
        if silence is not None and not silence > 0:
            raise ValueError(f"idle_timeout is a number of seconds above zero, not {silence!r}")

    @classmethod
    def suggested(cls, role: Role) -> "Timeout":
        """Return values that suit most streams of `role`, those of Beast.

        A client waits 30 s for the handshake and for any time on its server. A server waits as long
        for the handshake, and gives up a client that was silent for 300 s and answers no ping.
        """
        if role is Role.CLIENT:
            return cls()
        return cls(idle_timeout=300.0, keep_alive_pings=True)
