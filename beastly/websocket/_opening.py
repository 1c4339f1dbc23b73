"""The opening handshake of a stream: moves the messages of the pure halves over the layer.

A server that runs out of time in the middle of a request can go on later, since what it has parsed
is kept here. A client cannot: a late response would be taken for that of its next request.
"""

from collections.abc import Mapping
from typing import Final

from beastly.core import Buffers, Deadline, Role, TimedOut, gather
from beastly.http import HttpError, Limits, Request, RequestParser, Response, ResponseParser
from beastly.websocket._client_handshake import ClientHandshake
from beastly.websocket._connection import RECEIVE_SIZE, Connection
from beastly.websocket._server_handshake import CONTINUE, Answer, answer, expects_continue, refuse
from beastly.websocket._teardown import teardown
from beastly.websocket.error import ConnectionClosed, HandshakeFailed
from beastly.websocket.option import Decorator, PermessageDeflate, PermessageDeflateStatus

__all__ = ["Opening"]

# What a stream has at first. Values that never change, so all streams have the same ones.
_DECORATOR: Final = Decorator()
_DEFLATE: Final = PermessageDeflate()
_DEFLATE_STATUS: Final = PermessageDeflateStatus()
_LIMITS: Final = Limits()

_USUAL: Final[Mapping[str, str]] = {
    text: text
    for text in (
        "Accept-Encoding",
        "Accept-Language",
        "Cache-Control",
        "Connection",
        "Date",
        "Host",
        "Origin",
        "Pragma",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Extensions",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Server",
        "Upgrade",
        "User-Agent",
        "13",
        "keep-alive, Upgrade",
        "no-cache",
        "websocket",
    )
}
"""What nearly every handshake says: streams keep its messages, and need not keep this each."""


class Opening:
    """The handshakes of one stream, until one has succeeded. The caller holds both locks, and
    releases the transport of a connection that has ended.

    `request` and `response` are the two messages of the last attempt, `deflate_status` what they
    have agreed on about compression. Every method raises
    `HandshakeFailed` for what either side refused, `ValueError` for what may not be sent,
    `TimedOut` and `OSError`.
    """

    __slots__ = (
        "_connection",
        "_parser",
        "decorator",
        "deflate",
        "deflate_status",
        "limits",
        "request",
        "response",
    )

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._parser: RequestParser | None = None
        self.decorator = _DECORATOR
        self.deflate = _DEFLATE
        self.deflate_status = _DEFLATE_STATUS
        self.limits = _LIMITS
        self.request: Request | None = None
        self.response: Response | None = None

    def handshake(
        self, host: str, target: str, out: Response | None, deadline: Deadline | None
    ) -> None:
        """Ask for the upgrade and judge the response, which `out` gets."""
        if out is not None:
            out.status = 500
        attempt = ClientHandshake(host, target, self.decorator.request, deflate=self.deflate)
        self.request, self.response = attempt.request, None
        try:
            self._send(attempt.encoded, deadline)
            parser = self._receive_response(deadline)
        except HttpError as error:
            self._connection.fail(f"the response could not be read: {error}")
            raise HandshakeFailed(error.code, error.detail, request=attempt.request) from error
        except BaseException:
            self._connection.fail("the handshake was cut off before the response was complete")
            raise
        self.response = response = parser.message
        if out is not None:
            out.assign(response)
        try:
            # What came behind the response answers no request (RFC 9112 section 6.3).
            self.deflate_status = attempt.judge(
                response, reusable=not (parser.need_eof or self._connection.buffer)
            )
        except HandshakeFailed as failure:
            if not failure.keep_alive:
                self._connection.fail(f"the handshake failed: {failure}")
            raise

    def accept(
        self,
        request: Request | None,
        already_read: Buffers,
        out: Response | None,
        deadline: Deadline | None,
    ) -> None:
        """Read the request, unless it was read before, and answer it; `out` gets the response."""
        if out is not None:
            out.status = 500
        self._connection.buffer.feed(gather(already_read))
        self.request, self.response = request, None
        if request is None:
            reply = self._receive_and_answer(deadline)
        else:
            reply = answer(request, self.decorator.response, self.deflate)
        self._reply(reply, out, deadline)

    def settle(self, role: Role) -> None:
        """Keep of a handshake that succeeded its messages alone: many streams are idle next."""
        received = self.request if role is Role.SERVER else self.response
        for message in filter(None, (self.request, self.response)):
            # The texts of the other one are constants anyway.
            message.fields.trim(_USUAL if message is received else None)
        # The block that the message was in goes with the last of its bytes.
        self._connection.buffer.feed(b"")

    def _receive_and_answer(self, deadline: Deadline | None) -> Answer:
        """Read a request; return the answer to it, or to what is none."""
        try:
            request = self.request = self._receive_request(deadline)
        except HttpError as error:
            # Nothing that follows could be understood either.
            self._connection.fail(f"the request could not be read: {error}")
            refusal = refuse(error, self.decorator.response)
            if refusal is None:
                raise ConnectionClosed("the peer ended it before it sent a request") from error
            return refusal
        except TimedOut:
            raise
        except OSError as error:
            self._connection.fail(f"receiving failed: {error}")
            raise
        return answer(request, self.decorator.response, self.deflate)

    def _receive_request(self, deadline: Deadline | None) -> Request:
        buffer = self._connection.buffer
        parser = self._parser
        if parser is None:
            parser = self._parser = RequestParser(self.limits)
        while True:
            buffer.position = parser.feed(buffer.data, buffer.position)
            # A client that waits for a 100 before its content gets the refusal instead.
            if parser.done or (parser.head_done and expects_continue(parser.message)):
                self._parser = None
                return parser.message
            data = self._connection.layer.receive(RECEIVE_SIZE, deadline)
            if not data:
                parser.end_of_stream()
            buffer.feed(data)

    def _receive_response(self, deadline: Deadline | None) -> ResponseParser:
        """Return the parser of the final response; interim ones are skipped."""
        buffer = self._connection.buffer
        while True:
            parser = ResponseParser(self.limits)
            while not parser.done:
                if not len(buffer):
                    data = self._connection.layer.receive(RECEIVE_SIZE, deadline)
                    if not data:
                        parser.end_of_stream()
                        break
                    buffer.feed(data)
                buffer.position = parser.feed(buffer.data, buffer.position)
            if parser.message.status >= 200 or parser.message.status == 101:
                return parser

    def _reply(self, reply: Answer, out: Response | None, deadline: Deadline | None) -> None:
        """Send the response; open the stream, or raise the refusal."""
        encoded = reply.encoded
        failure = reply.failure
        if failure is None and self.request is not None and expects_continue(self.request):
            encoded = CONTINUE + encoded
        try:
            self._send(encoded, deadline)
        except BaseException:
            self._connection.fail("the response could not be sent as a whole")
            raise
        self.response = reply.response
        if out is not None:
            out.assign(reply.response)
        if failure is None:
            self.deflate_status = reply.deflate
            return
        if not failure.keep_alive:
            self._connection.fail(f"the request was refused: {failure}")
            teardown(self._connection.layer, Role.SERVER, deadline)
        raise failure

    def _send(self, data: bytes, deadline: Deadline | None) -> None:
        layer = self._connection.layer
        sent = layer.send(data, deadline)
        while sent < len(data):
            sent += layer.send(memoryview(data)[sent:], deadline)
