"""Ending the connection below a stream that has finished, in the order that loses nothing.

A socket that is closed while received bytes lie unread is reset, and the reset may overtake what
was sent last: the close frame. So the sending half is shut down, the rest is read and dropped,
and only then the socket is closed (RFC 6455 section 7.1.1). It knows nothing of frames.
"""

from typing import Final

from beastly.core import Deadline, Layer, Role

__all__ = ["DRAIN_MAX", "teardown"]

DRAIN_MAX: Final = 16 * 1024 * 1024
"""How many bytes are read and dropped at most before the connection is closed all the same."""

_PIECE: Final = 16384


def teardown(layer: Layer, role: Role, deadline: Deadline | None) -> None:
    """End the connection of `layer` by the custom of `role`; the caller closes the layer then.

    The server ends its sending half first and reads on to the end; the client waits for that end
    and then follows, so that the server bears no lingering connection. Blocks until the peer has
    ended its half, `DRAIN_MAX` bytes came, or the deadline has passed. Errors are no news here, a
    reset least of all: they end it too.
    """
    try:
        if role is Role.SERVER:
            layer.shutdown(deadline)
            _drain(layer, deadline)
        else:
            _drain(layer, deadline)
            layer.shutdown(deadline)
    except OSError:
        return


def _drain(layer: Layer, deadline: Deadline | None) -> None:
    dropped = 0
    while dropped < DRAIN_MAX:
        data = layer.receive(_PIECE, deadline)
        if not data:
            return
        dropped += len(data)
