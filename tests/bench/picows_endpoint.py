"""The two ends of a connection as picows makes them: on an event loop, with a call for each frame.

The loop of a process stands still between two batches, and runs in one until its last message has
come. What a frame carries is taken in the way that the documentation of picows shows for an echo:
a view of the receiving buffer where it is sent back at once, bytes where a program keeps it.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from functools import cache

from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    ws_connect,
    ws_create_server,
)

from tests.bench.endpoint import ANSWER

__all__ = ["Server", "connect"]

_MESSAGE_MAX = 64 * 1024 * 1024


class _Listener(WSListener):
    """What is told of each frame: it answers as often as it shall, and ends the loop's run."""

    def __init__(self, connected: Callable[["PicowsEndpoint"], object]) -> None:
        self._connected = connected
        self._awaited = 0
        self._answers = 0
        self._message: bytes | None = None
        self._kept = b""
        self._end: asyncio.Future[None] | None = None
        self.writable: asyncio.Future[None] | None = None
        """What waits while the transport holds what the socket did not take."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.underlying_transport.set_write_buffer_limits(0)
        self._connected(PicowsEndpoint(transport, self))

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if self._message is None:
            transport.send(frame.msg_type, frame.get_payload_as_memoryview())
        else:
            self._kept = frame.get_payload_as_bytes()
            if self._answers:
                self._answers -= 1
                transport.send(WSMsgType.BINARY, self._message)
        self._awaited -= 1
        if not self._awaited and self._end is not None:
            self._end.set_result(None)

    def pause_writing(self) -> None:
        self.writable = _loop().create_future()

    def resume_writing(self) -> None:
        if self.writable is not None:
            self.writable.set_result(None)
            self.writable = None

    def echo(self, count: int) -> None:
        """Run the loop until `count` messages came, and send each of them back."""
        self._message = None
        self._wait(count)

    def receive(self, count: int, answers: int, message: bytes) -> bytes:
        """Run the loop until `count` messages came; return the last of them.

        The first `answers` of them are answered with `message`.
        """
        self._message, self._answers = message, answers
        self._wait(count)
        return self._kept

    def _wait(self, count: int) -> None:
        self._awaited = count
        self._end = _loop().create_future()
        _loop().run_until_complete(self._end)
        # Nothing is sent while the loop stands still.
        while self.writable is not None:
            _loop().run_until_complete(self.writable)


class PicowsEndpoint:
    """An open connection."""

    def __init__(self, transport: WSTransport, listener: _Listener) -> None:
        self._transport = transport
        self._listener = listener

    def ping(self, message: bytes, count: int) -> None:
        """Send, and send again upon each answer."""
        self._transport.send(WSMsgType.BINARY, message)
        if self._listener.receive(count, count - 1, message) != message:
            raise RuntimeError(f"the echo of {len(message)} bytes is another one")

    def echo(self, message: bytes, count: int) -> None:
        """Send back what comes."""
        self._listener.echo(count)

    def push(self, message: bytes, count: int) -> None:
        """Send, and wait for the answer."""
        send, listener = self._transport.send, self._listener
        for _ in range(count):
            send(WSMsgType.BINARY, message)
            if listener.writable is not None:
                _loop().run_until_complete(listener.writable)
        listener.receive(1, 0, message)

    def drain(self, message: bytes, count: int) -> None:
        """Receive, and answer the last message."""
        self._listener.receive(count, 0, message)
        self._transport.send(WSMsgType.BINARY, ANSWER)

    def drop(self) -> None:
        """End the connection."""
        self._transport.disconnect(False)
        _loop().run_until_complete(self._transport.wait_disconnected())


class Server:
    """What accepts the connections of a listening socket, one at a time as they are asked for."""

    def __init__(self, listener: socket.socket) -> None:
        self._accepted: deque[PicowsEndpoint] = deque()
        self._arrival: asyncio.Future[None] | None = None
        # It serves as long as it is referred to.
        self._server = _loop().run_until_complete(
            ws_create_server(self._handler, sock=listener, max_frame_size=_MESSAGE_MAX)
        )

    def accept(self) -> PicowsEndpoint:
        """Run the loop until a connection has been accepted, and shaken hands."""
        if not self._accepted:
            self._arrival = _loop().create_future()
            _loop().run_until_complete(self._arrival)
        return self._accepted.popleft()

    def _handler(self, request: WSUpgradeRequest) -> WSListener:
        return _Listener(self._connected)

    def _connected(self, endpoint: PicowsEndpoint) -> None:
        self._accepted.append(endpoint)
        if self._arrival is not None:
            self._arrival.set_result(None)
            self._arrival = None


def connect(url: str) -> PicowsEndpoint:
    """Connect to `url`, and shake hands."""
    connected: list[PicowsEndpoint] = []
    _loop().run_until_complete(
        ws_connect(lambda: _Listener(connected.append), url, max_frame_size=_MESSAGE_MAX)
    )
    return connected[0]


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return the loop of this process."""
    return asyncio.new_event_loop()
