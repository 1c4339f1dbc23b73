"""The options that a stream takes through `set_option`: plain values, checked when they are made."""

import math
from collections.abc import Callable
from dataclasses import dataclass

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

    Raises:
        ValueError: a duration is negative or not a number.
    """

    handshake_timeout: float | None = 30.0

    def __post_init__(self) -> None:
        value = self.handshake_timeout
        if value is not None and (math.isnan(value) or value < 0):
            raise ValueError(f"handshake_timeout is a number of seconds not below zero, not {value!r}")
