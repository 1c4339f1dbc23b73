"""A program as another project would write it: each documented call, with the type that it gives.

Nothing here runs; the type checkers read it.
"""

import socket
import ssl
from collections.abc import Iterator, Sequence
from http import HTTPStatus

from typing_extensions import Buffer, assert_type

from beastly import core, http, websocket


class Pipe:
    """A transport of the program's own, which inherits nothing."""

    has_begun: bool = False
    default_timeout: float | None = None
    receive_timeout: float | None = None

    def receive(self, size: int, deadline: core.Deadline | None) -> bytes:
        return b""

    def receive_into(self, region: memoryview, deadline: core.Deadline | None) -> int:
        return 0

    def send(self, data: Buffer, deadline: core.Deadline | None) -> int:
        return len(memoryview(data))

    def send_vector(self, pieces: Sequence[Buffer], deadline: core.Deadline | None) -> int:
        return 0

    def shutdown(self, deadline: core.Deadline | None) -> None: ...

    def close(self) -> None: ...

    def abort(self) -> None: ...

    def wait(self, deadline: core.Deadline | None) -> None: ...


class Counter(core.ForwardingLayer):
    """A layer of the program's own over another one."""

    received = 0

    def receive(self, size: int, deadline: core.Deadline | None) -> bytes:
        data = super().receive(size, deadline)
        self.received += len(data)
        return data


def layers(sock: socket.socket, tls: ssl.SSLSocket, pipe: Pipe, layer: core.Layer) -> None:
    assert_type(websocket.Stream(sock), websocket.Stream[socket.socket])
    assert_type(websocket.Stream(sock).next_layer, socket.socket)
    assert_type(websocket.Stream(tls).next_layer, ssl.SSLSocket)
    assert_type(websocket.Stream(tls).next_layer.version(), str | None)
    assert_type(websocket.Stream(pipe).next_layer, Pipe)
    assert_type(websocket.Stream(layer).next_layer, core.Layer)
    assert_type(websocket.Stream(Counter(sock)).next_layer.received, int)
    assert_type(Counter(Counter(pipe)).below, core.Layer)
    assert_type(core.layer_over(sock), core.Layer)


def handshakes(ws: websocket.Stream[socket.socket], res: websocket.response_type) -> None:
    assert_type(ws.handshake("www.example.com", "/"), None)
    assert_type(ws.handshake("www.example.com", "/", timeout=1.5), None)
    assert_type(ws.handshake(res, "www.example.com", "/"), None)
    assert_type(ws.handshake(http.Response(), "www.example.com", "/", timeout=None), None)


def accepts(
    ws: websocket.Stream[socket.socket], req: websocket.request_type, res: websocket.response_type
) -> None:
    assert_type(ws.accept(), None)
    assert_type(ws.accept(timeout=10), None)
    assert_type(ws.accept(b"GET "), None)
    assert_type(ws.accept(bytearray(b"GET ")), None)
    assert_type(ws.accept([b"GET ", memoryview(b"/ ")]), None)
    assert_type(ws.accept(req), None)
    assert_type(ws.accept(req, b"\x81"), None)
    assert_type(ws.accept(req, bytearray(), timeout=10), None)
    assert_type(ws.accept(res), None)
    assert_type(ws.accept(res, b"GET "), None)
    assert_type(ws.accept(res, req), None)
    assert_type(ws.accept(res, req, (b"\x81", b"\x00"), timeout=10), None)


def reads(ws: websocket.Stream[socket.socket]) -> None:
    assert_type(ws.read(), str | bytes)
    assert_type(ws.read(timeout=1), str | bytes)
    assert_type(ws.read(bytearray()), int)
    assert_type(ws.read(bytearray(), timeout=1), int)
    assert_type(ws.read_text(timeout=1), str)
    assert_type(ws.read_bytes(timeout=1), bytes)
    assert_type(ws.read_some(bytearray()), int)
    assert_type(ws.read_some(bytearray(), 4096, timeout=1), int)
    assert_type(ws.read_some(memoryview(bytearray(4096))), int)
    assert_type(iter(ws), Iterator[str | bytes])
    for message in ws:
        assert_type(message, str | bytes)


def writes(ws: websocket.Stream[socket.socket]) -> None:
    assert_type(ws.write("text"), None)
    assert_type(ws.write(b"binary", timeout=1), None)
    assert_type(ws.write(memoryview(b"binary")), None)
    assert_type(ws.write([b"one ", bytearray(b"message")]), None)
    assert_type(ws.write_some(False, "te"), None)
    assert_type(ws.write_some(True, b"xt", timeout=1), None)
    assert_type(ws.ping(), None)
    assert_type(ws.ping(b"payload", timeout=1), None)
    assert_type(ws.pong(bytearray(b"payload")), None)


def ends(ws: websocket.Stream[socket.socket]) -> None:
    assert_type(ws.close(), None)
    assert_type(ws.close(1000), None)
    assert_type(ws.close(websocket.CloseCode.GOING_AWAY, timeout=1), None)
    assert_type(ws.close(websocket.CloseReason(4000, "enough")), None)
    assert_type(ws.abort(), None)
    with ws as entered:
        assert_type(entered, websocket.Stream[socket.socket])
    assert_type(websocket.teardown(core.layer_over(ws.next_layer), core.Role.SERVER, None), None)


def observers(ws: websocket.Stream[socket.socket]) -> None:
    assert_type(ws.role, core.Role | None)
    assert_type(ws.is_open, bool)
    assert_type(ws.request, http.Request | None)
    assert_type(ws.response, http.Response | None)
    assert_type(ws.subprotocol, str | None)
    assert_type(ws.reason, websocket.CloseReason | None)
    assert_type(ws.got_text, bool)
    assert_type(ws.got_binary, bool)
    assert_type(ws.is_message_done, bool)


def options(ws: websocket.Stream[socket.socket]) -> None:
    def decorate_request(request: http.Request) -> None:
        request.fields["Origin"] = "https://www.example.com"

    def decorate_response(response: http.Response) -> int:
        response.status = HTTPStatus.FORBIDDEN
        return 0

    def call_back(kind: websocket.FrameType, payload: bytes) -> None: ...

    ws.set_option(websocket.Decorator(request=decorate_request, response=decorate_response))
    ws.set_option(websocket.Timeout(handshake_timeout=None))
    ws.set_option(websocket.PermessageDeflate(client_enable=True, backend="zlib-ng"))
    ws.set_option(http.Limits(head=1024))
    assert_type(ws.get_option(websocket.Decorator), websocket.Decorator)
    assert_type(ws.get_option(websocket.Timeout), websocket.Timeout)
    assert_type(ws.get_option(http.Limits), http.Limits)
    assert_type(ws.get_option(websocket.PermessageDeflate), websocket.PermessageDeflate)
    assert_type(ws.permessage_deflate_status, websocket.PermessageDeflateStatus)
    assert_type(ws.compress, bool)
    ws.control_callback = call_back
    ws.control_callback = None
    ws.text = not ws.binary
    ws.auto_fragment = True
    assert_type(ws.write_buffer_bytes, int)
    assert_type(ws.read_message_max, int)
    ws.write_buffer_bytes = ws.read_message_max = 4096


def errors(ws: websocket.Stream[socket.socket]) -> None:
    try:
        ws.accept()
    except websocket.HandshakeFailed as failed:
        assert_type(failed.code, core.ErrorCode)
        assert_type(failed.request, http.Request | None)
        assert_type(failed.response, http.Response | None)
        assert_type(failed.keep_alive, bool)
    try:
        ws.read()
    except websocket.ConnectionClosed as closed:
        assert_type(closed.reason, websocket.CloseReason | None)
        assert_type(closed.clean, bool)
    except websocket.UnexpectedMessage as unexpected:
        assert_type(unexpected.message, str | bytes)
    except (websocket.ProtocolViolation, websocket.MessageTooBig) as violation:
        assert_type(violation.code, websocket.Error)
        assert_type(violation.code.close_code, websocket.CloseCode | None)
        assert_type(violation.code.condition, websocket.Condition | None)
    except websocket.TimedOut as late:
        assert_type(late.unsent, int)
        as_builtin: TimeoutError = late
        raise as_builtin from None
    except websocket.BeastlyError as error:
        assert_type(error.code, core.ErrorCode)
        assert_type(error.code.message, str)
        assert_type(error.detail, str)


def vocabulary(request: http.Request) -> None:
    assert_type(websocket.is_upgrade(request), bool)
    assert_type(websocket.upgrade_error(request), websocket.HandshakeFailed | None)
    assert_type(websocket.choose_subprotocol(request, ("chat",)), str | None)
    assert_type(websocket.accept_key("dGhlIHNhbXBsZSBub25jZQ=="), str)
    assert_type(websocket.CloseReason(1000).code, int | None)


def messages(sock: socket.socket, layer: core.Layer) -> None:
    request = http.Request("POST", "/form", fields={"Host": "www.example.com"}, body=b"a=1")
    response = http.Response(HTTPStatus.OK, fields=[("Server", "demo")], body=bytearray(b"done"))
    assert_type(http.read(sock, bytearray(), request, timeout=1), None)
    assert_type(http.read(layer, bytearray(), response, limits=http.Limits(content=0)), None)
    assert_type(http.write(layer, request), None)
    assert_type(http.write(sock, response, timeout=1), None)
    assert_type(request.method, str)
    assert_type(response.status, int)
    assert_type(response.body, bytes)
    assert_type(response.encode(), bytes)
    assert_type(request.fields["host"], str)
    assert_type(request.fields.get("Origin"), str | None)
    assert_type(request.fields.get_all("Cookie"), list[str])
    assert_type(http.RequestParser().message, http.Request)
    assert_type(http.ResponseParser(http.Limits()).message, http.Response)
    assert_type(http.RequestParser().feed(b"GET "), int)
