"""`Stream`: a blocking WebSocket connection over a socket, as a shell over the protocol's machines.

How the verbs work is in the modules beside this one: the opening, what comes in, what goes out, the
closing, the settings. Here is what a user sees of them. It knows no URLs and no listeners.
"""

import contextlib
import socket
from types import TracebackType
from typing import Generic, Self, TypeVar, final, overload

from beastly.core import BeastlyError, Buffers, Layer, Role, layer_over
from beastly.http import Request, Response
from beastly.websocket._closing import LINGER, close, fail, give_up
from beastly.websocket._connection import Connection
from beastly.websocket._messages import Messages
from beastly.websocket._status import Status
from beastly.websocket.option import PermessageDeflateStatus
from beastly.websocket.rfc6455 import CloseCode, CloseReason, Opcode

__all__ = ["Stream"]

_NextLayer = TypeVar("_NextLayer", bound=socket.socket | Layer)


@final
class Stream(Messages, Generic[_NextLayer]):
    """A WebSocket connection over `next_layer`, a connected socket, in either role.

    Call `handshake` to be the client or `accept` to be the server; then `write`, `read` and
    `close`. The stream owns the socket from here on, its blocking mode too, and closes it at the
    end. `next_layer` may also be an `ssl.SSLSocket` whose TLS handshake is done, or any object
    with the methods of `beastly.core.Layer`.

    Time. Each call that blocks takes `timeout`, in seconds: one deadline for all that it does, and
    `math.inf` for none. Without it, `handshake`, `accept` and `close` last `handshake_timeout`
    (option `Timeout`), the others as long as they need, or the timeout that the socket had when the
    stream was made. `TimedOut`, which is a `TimeoutError`, tells that it passed.

    Threads. One thread at a time may read, a second one gets `Busy`; any number may write, whose
    messages never interleave; `ping`, `pong`, `close` and `abort` are for any thread at any time.
    `handshake` and `accept` are for one thread alone, and options for quiet moments.

    Errors. `OperationAborted` is raised by a call that the status does not allow; it changes
    nothing. Errors of the operating system pass through as `OSError`.

    Raises:
        TypeError: `next_layer` is neither a socket nor a layer.
        OSError: the socket is closed.
    """

    __slots__ = ("_next_layer",)

    def __init__(self, next_layer: _NextLayer) -> None:
        super().__init__(Connection(layer_over(next_layer)))
        self._next_layer = next_layer

    @property
    def next_layer(self) -> _NextLayer:
        """The socket or layer that the stream was made over."""
        return self._next_layer

    @property
    def role(self) -> Role | None:
        """The end that this stream is; `None` until a handshake has succeeded."""
        return self._connection.role

    @property
    def is_open(self) -> bool:
        """Whether messages can be written: from a handshake to the first sign of an end."""
        return self._connection.status is Status.OPEN

    @property
    def request(self) -> Request | None:
        """The last upgrade request, sent or received; in a decorator the one being answered."""
        return self._opening.request

    @property
    def response(self) -> Response | None:
        """The last complete response to an upgrade request, received or sent."""
        return self._opening.response

    @property
    def subprotocol(self) -> str | None:
        """The subprotocol that the server chose, or `None` (RFC 6455 section 1.9)."""
        response = self._opening.response
        if response is None or self._connection.role is None:
            return None
        return response.fields.get("Sec-WebSocket-Protocol")

    @property
    def permessage_deflate_status(self) -> PermessageDeflateStatus:
        """What was agreed on about compression in the handshake (RFC 7692 section 7.1)."""
        return self._opening.deflate_status

    @property
    def reason(self) -> CloseReason | None:
        """What the peer's close frame said; `None` until one came."""
        return self._connection.reason

    @property
    def got_text(self) -> bool:
        """Whether the last message that a read met is text; true before the first."""
        return self._incoming is None or self._incoming.receiver.opcode is Opcode.TEXT

    @property
    def got_binary(self) -> bool:
        """Whether the last message that a read met is binary."""
        return not self.got_text

    @property
    def is_message_done(self) -> bool:
        """Whether the last read reached the end of its message; true before the first."""
        return self._incoming is None or self._incoming.receiver.message_done

    @overload
    def handshake(self, host: str, target: str, /, *, timeout: float | None = ...) -> None: ...
    @overload
    def handshake(
        self, response: Response, host: str, target: str, /, *, timeout: float | None = ...
    ) -> None: ...
    def handshake(
        self,
        first: Response | str,
        second: str,
        third: str | None = None,
        /,
        *,
        timeout: float | None = None,
    ) -> None:
        """Become a WebSocket client: send the upgrade request and read the response.

        Blocks until the response is complete, content included. Interim responses are skipped;
        what follows a 101 is kept for the first read (RFC 6455 section 4.1).

        Args:
            response: filled with the complete response whenever a valid one came, whatever
                happens then; its status is 500 until that. Optional, and first.
            host: the Host field, a name or address, with the port unless it is the default one.
            target: the request-target, a path and query, as "/chat?room=1".
            timeout: seconds for all of it; `handshake_timeout` if not given.

        Raises:
            HandshakeFailed: the server refused, or its response is none. With `keep_alive` the
                stream is as new and `handshake` may be called again, otherwise it has failed.
                A stream that has failed has released the transport.
            ValueError: host, target or what the decorator set may not be sent. Nothing was sent.
            TimedOut, OSError: the stream has failed.
            OperationAborted: the stream is or was open, or was aborted.
        """
        if isinstance(first, Response):
            if third is None:
                raise TypeError("handshake takes a response, a host and a target, in this order")
            out, host, target = first, second, third
        elif third is None:
            out, host, target = None, first, second
        else:
            raise TypeError("the response comes first: handshake(response, host, target)")
        deadline = self._connection.handshake_deadline(timeout)
        self._start_opening("handshake")
        try:
            self._opening.handshake(host, target, out, deadline)
            self._open(Role.CLIENT)
        except (BeastlyError, OSError) as error:
            self._check_wanted("handshake", error)
            raise
        finally:
            self._stop_opening()

    @overload
    def accept(self, already_read: Buffers = ..., /, *, timeout: float | None = ...) -> None: ...
    @overload
    def accept(
        self, request: Request, leftover: Buffers = ..., /, *, timeout: float | None = ...
    ) -> None: ...
    @overload
    def accept(
        self, response: Response, already_read: Buffers = ..., /, *, timeout: float | None = ...
    ) -> None: ...
    @overload
    def accept(
        self,
        response: Response,
        request: Request,
        leftover: Buffers = ...,
        /,
        *,
        timeout: float | None = ...,
    ) -> None: ...
    def accept(
        self, *arguments: Response | Request | Buffers, timeout: float | None = None
    ) -> None:
        """Become a WebSocket server: read the upgrade request, unless given, and answer it.

        Blocks until the request is complete and the response is sent. A request that is refused
        gets its answer, 400 or 426 or what HTTP has for bytes that are none (RFC 6455 section 4.2).

        Args:
            response: filled with the response that was sent; its status is 500 until that.
                Optional, and first.
            already_read: bytes that were read from the connection before, one block or several:
                all of the request, a part, or more than it. What follows it is read as frames.
            request: a request that was read before; then none is read here.
            leftover: bytes that were read behind that request.
            timeout: seconds for all of it; `handshake_timeout` if not given.

        Raises:
            HandshakeFailed: the request was refused. With `keep_alive` the connection stands, and
                `accept` may be called again for the next request; otherwise it has been ended.
            ConnectionClosed: the peer ended the connection before the first byte of a request.
            ValueError: what the decorator set may not be sent. Nothing was sent; `accept(request)`
                with the property `request` answers again, unless what came was none: then the
                stream has failed.
            TimedOut: before the answer nothing is lost, and `accept()` goes on with the request;
                while sending it, the stream has failed.
            OSError: the stream has failed.
            OperationAborted: the stream is or was open, or was aborted.
        """
        out, request, already_read = _sorted_out(arguments)
        deadline = self._connection.handshake_deadline(timeout)
        self._start_opening("accept")
        try:
            self._opening.accept(request, already_read, out, deadline)
            self._open(Role.SERVER)
        except (BeastlyError, OSError) as error:
            self._check_wanted("accept", error)
            raise
        finally:
            self._stop_opening()

    def close(
        self,
        reason: CloseReason | int = CloseCode.NORMAL_CLOSURE,
        *,
        timeout: float | None = None,
    ) -> None:
        """Close the connection: exchange close frames, then end the transport.

        Blocks until the peer has answered; messages that it sends meanwhile are dropped. Another
        thread's blocked read ends with `OperationAborted`. A second call does no harm: it waits for
        whoever is ending the transport already, if anybody is (RFC 6455 section 7.1.2).

        Args:
            reason: what the close frame says; `CloseReason()` sends none.
            timeout: seconds for all of it; `handshake_timeout` if not given.

        Raises:
            ValueError: the code may not be sent. Nothing was sent.
            TimedOut: the peer did not answer; the stream has failed, the transport is released.
            ConnectionClosed: the peer ended without a close frame; likewise.
            ProtocolViolation, MessageTooBig, OSError: what came instead; likewise.
        """
        if not isinstance(reason, CloseReason):
            reason = CloseReason(reason)
        incoming, outgoing = self._incoming, self._outgoing
        if incoming is None or outgoing is None:
            give_up(self._connection)
            return
        deadline = self._connection.handshake_deadline(timeout)
        close(self._connection, incoming, outgoing, reason, deadline)

    def abort(self) -> None:
        """End the connection at once, without a closing handshake; never blocks.

        Every call that is blocked in the stream ends with `OperationAborted`, in any thread.
        """
        self._connection.abort()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the stream; by an exception fail it, with close code 1011.

        That the peer is gone or does not answer is no news here; call `close` to be told.
        """
        incoming, outgoing = self._incoming, self._outgoing
        if error is None or incoming is None or outgoing is None or not self.is_open:
            # An exception does not wait for the end of a closing that was begun before it.
            timeout = None if error is None else LINGER
            with contextlib.suppress(BeastlyError, OSError):
                self.close(timeout=timeout)
            return
        why = f"its block was left by {type(error).__name__}"
        fail(self._connection, incoming, outgoing, CloseReason(CloseCode.INTERNAL_ERROR), why)

    def _start_opening(self, verb: str) -> None:
        self._connection.start_reading(verb, Status.CONNECTING)
        # Free: a stream that is not open has no sender, and an opening holds the other lock first.
        self._connection.writing.acquire()

    def _stop_opening(self) -> None:
        if self._connection.has_ended:
            # A handshake that cannot be tried again is the end of the transport too.
            self._connection.release()
        self._connection.stop_writing()
        self._connection.stop_reading()

    def _check_wanted(self, verb: str, error: Exception) -> None:
        """Raise what explains `error` if another thread has ended the stream below the opening."""
        connection = self._connection
        if connection.is_aborted or connection.status is Status.CLOSED:
            raise connection.aborted(verb) from error


def _sorted_out(
    arguments: tuple[Response | Request | Buffers, ...],
) -> tuple[Response | None, Request | None, Buffers]:
    """Return the response, the request and the bytes among the arguments of `accept`."""
    rest = arguments
    response: Response | None = None
    request: Request | None = None
    already_read: Buffers = b""
    if rest and isinstance(rest[0], Response):
        response, rest = rest[0], rest[1:]
    if rest and isinstance(rest[0], Request):
        request, rest = rest[0], rest[1:]
    if rest and not isinstance(rest[0], (Request, Response)):
        already_read, rest = rest[0], rest[1:]
    if rest:
        raise TypeError(
            "accept takes a response to fill, then a request or bytes or both, in this order"
        )
    return response, request, already_read
