"""The border to the transport: what a stream needs of the layer below it, and nothing more.

Plain sockets and TLS sockets are wrapped here; any object with these methods can stand in for
them, an in-memory pipe or a wrapper that counts bytes, say. Layers move bytes under a deadline.
They never know what the bytes mean, and they never translate an operating system error.
"""

import socket
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from beastly.core.buffer import Buffer
from beastly.core.deadline import Deadline

__all__ = ["ForwardingLayer", "Layer", "layer_over"]


@runtime_checkable
class Layer(Protocol):
    """A reliable stream of bytes in both directions.

    One thread receives while another one sends; `abort` may come from any thread at any time.
    Calls raise `OSError` for what the operating system reports and `TimedOut` at their deadline;
    `None` as deadline waits for as long as it takes. A call that raises has moved no bytes, though
    a send may have begun to: see `has_begun`.
    """

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        """Return from 1 to `size` bytes, or none at the end of the stream. Blocks for the first."""
        ...

    def receive_into(self, region: memoryview, deadline: Deadline | None) -> int:
        """Fill `region` from its start; return the count, 0 at the end. Blocks for the first."""
        ...

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        """Send at least one byte of `data` and return how many. Blocks until one can go."""
        ...

    def send_vector(self, pieces: Sequence[Buffer], deadline: Deadline | None) -> int:
        """Send from the front of `pieces`, taken as one; return how many bytes. May send fewer."""
        ...

    def shutdown(self, deadline: Deadline | None) -> None:
        """End the sending half: the peer reads to the end of what was sent. Blocks for room."""
        ...

    def close(self) -> None:
        """Release the transport. No other call is inside or follows. Idempotent, never blocks."""
        ...

    def abort(self) -> None:
        """Make every call inside end at once, and every later one. Any thread, never blocks."""
        ...

    def wait(self, deadline: Deadline | None) -> None:
        """Block until a receive or a send would find something to do; one of them may not."""
        ...

    @property
    def has_begun(self) -> bool:
        """Whether a send that raised has taken in bytes: the next one must start with the same."""
        ...

    @property
    def default_timeout(self) -> float | None:
        """The seconds that a call may last when it names no timeout; `None` for any time."""
        ...

    @property
    def receive_timeout(self) -> float | None:
        """The seconds after which a receive without a deadline raises `TimedOut`; `None`: never.

        For a limit that stays the same from call to call, which a transport may watch at no cost.
        """
        ...

    @receive_timeout.setter
    def receive_timeout(self, value: float | None) -> None: ...


def layer_over(next_layer: object) -> Layer:
    """Return the layer that moves bytes over `next_layer`, a socket or already a layer.

    Raises:
        TypeError: `next_layer` is neither.
    """
    if isinstance(next_layer, socket.socket):
        # The base's, a number: to make the enum of it takes microseconds, and so deep a stack that
        # each thread of a server would need another page. So does the call from inside the layer.
        if super(socket.socket, next_layer).family in (socket.AF_INET, socket.AF_INET6):
            # Otherwise two small messages in a row wait for an acknowledgement, some 40 ms.
            next_layer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(next_layer, "unwrap"):
            # Imported here: programs without TLS should not pay for loading OpenSSL.
            from beastly.core._tls import tls_layer

            return tls_layer(next_layer)
        from beastly.core._tcp import SocketLayer

        return SocketLayer(next_layer)
    if isinstance(next_layer, Layer):
        return next_layer
    raise TypeError(
        "the next layer must be a connected socket.socket or ssl.SSLSocket, or have the methods"
        f" of beastly.core.Layer, not {type(next_layer).__name__}"
    )


class ForwardingLayer:
    """A layer that hands every call to the one below it: the base of layers that watch or change.

    A subclass overrides what it is about, as one that counts bytes does with the four methods that
    move them. Thread safety is that of the layer below.

    Raises:
        TypeError: `below` is neither a socket nor a layer.
        OSError: the socket is closed.
    """

    def __init__(self, below: Layer | socket.socket) -> None:
        self.below: Layer = layer_over(below)

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        """See `Layer.receive`."""
        return self.below.receive(size, deadline)

    def receive_into(self, region: memoryview, deadline: Deadline | None) -> int:
        """See `Layer.receive_into`."""
        return self.below.receive_into(region, deadline)

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        """See `Layer.send`."""
        return self.below.send(data, deadline)

    def send_vector(self, pieces: Sequence[Buffer], deadline: Deadline | None) -> int:
        """See `Layer.send_vector`."""
        return self.below.send_vector(pieces, deadline)

    def shutdown(self, deadline: Deadline | None) -> None:
        """See `Layer.shutdown`."""
        self.below.shutdown(deadline)

    def close(self) -> None:
        """See `Layer.close`."""
        self.below.close()

    def abort(self) -> None:
        """See `Layer.abort`."""
        self.below.abort()

    def wait(self, deadline: Deadline | None) -> None:
        """See `Layer.wait`."""
        self.below.wait(deadline)

    @property
    def has_begun(self) -> bool:
        """See `Layer.has_begun`."""
        return self.below.has_begun

    @property
    def default_timeout(self) -> float | None:
        """See `Layer.default_timeout`."""
        return self.below.default_timeout

    @property
    def receive_timeout(self) -> float | None:
        """See `Layer.receive_timeout`."""
        return self.below.receive_timeout

    @receive_timeout.setter
    def receive_timeout(self, value: float | None) -> None:
        self.below.receive_timeout = value
