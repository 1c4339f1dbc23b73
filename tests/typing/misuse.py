"""Calls that both type checkers must refuse. Nothing here runs.

mypy heeds `type: ignore`, which names the error that is expected; pyright heeds its own comment.
One without an error is an error itself, in mypy by `warn_unused_ignores`, in pyright by
`reportUnnecessaryTypeIgnoreComment`.
"""

import socket

from beastly import core, http, websocket


def next_layers(path: str, sock: socket.socket) -> None:
    websocket.Stream(path)  # type: ignore[type-var]  # pyright: ignore
    websocket.Stream(sock.fileno())  # type: ignore[type-var]  # pyright: ignore
    websocket.Stream()  # type: ignore[call-arg]  # pyright: ignore


def handshakes(ws: websocket.Stream[socket.socket], res: http.Response, req: http.Request) -> None:
    ws.handshake("h", "/", res)  # type: ignore[call-overload]  # pyright: ignore
    ws.handshake("h", res, "/")  # type: ignore[call-overload]  # pyright: ignore
    ws.handshake(req, "h", "/")  # type: ignore[call-overload]  # pyright: ignore
    ws.handshake(res, "h")  # type: ignore[call-overload]  # pyright: ignore
    ws.handshake("h")  # type: ignore[call-overload]  # pyright: ignore
    ws.handshake(b"h", b"/")  # type: ignore[call-overload]  # pyright: ignore
    ws.handshake("h", "/", 5)  # type: ignore[call-overload]  # pyright: ignore
    ws.handshake(host="h", target="/")  # type: ignore[call-overload]  # pyright: ignore


def accepts(ws: websocket.Stream[socket.socket], res: http.Response, req: http.Request) -> None:
    ws.accept(b"", req)  # type: ignore[call-overload]  # pyright: ignore
    ws.accept(req, res)  # type: ignore[call-overload]  # pyright: ignore
    ws.accept(b"", res)  # type: ignore[call-overload]  # pyright: ignore
    ws.accept(res, b"", req)  # type: ignore[call-overload]  # pyright: ignore
    ws.accept("GET / HTTP/1.1")  # type: ignore[arg-type]  # pyright: ignore
    ws.accept(req, req)  # type: ignore[call-overload]  # pyright: ignore
    ws.accept(b"", b"")  # type: ignore[call-overload]  # pyright: ignore
    ws.accept(30)  # type: ignore[call-overload]  # pyright: ignore


def reads(ws: websocket.Stream[socket.socket]) -> None:
    ws.read(5)  # type: ignore[call-overload]  # pyright: ignore
    ws.read(b"")  # type: ignore[call-overload]  # pyright: ignore
    ws.read_text(5)  # type: ignore[call-arg]  # pyright: ignore
    ws.read_some()  # type: ignore[call-overload]  # pyright: ignore
    ws.read_some(memoryview(b""), 5)  # type: ignore[call-overload]  # pyright: ignore
    len(ws.read_some(bytearray()))  # type: ignore[arg-type]  # pyright: ignore
    ws.read().upper().encode()  # type: ignore[union-attr]  # pyright: ignore


def writes(ws: websocket.Stream[socket.socket]) -> None:
    ws.write(5)  # type: ignore[arg-type]  # pyright: ignore
    ws.write(None)  # type: ignore[arg-type]  # pyright: ignore
    ws.write("text", 5)  # type: ignore[call-arg]  # pyright: ignore
    ws.write_some("text", True)  # type: ignore[arg-type]  # pyright: ignore
    ws.ping("payload")  # type: ignore[arg-type]  # pyright: ignore
    ws.close("done")  # type: ignore[arg-type]  # pyright: ignore


def options(ws: websocket.Stream[socket.socket]) -> None:
    def for_request(request: http.Request) -> None: ...

    def with_text(kind: websocket.FrameType, payload: str) -> None: ...

    ws.set_option(30)  # type: ignore[arg-type]  # pyright: ignore
    ws.set_option(for_request)  # type: ignore[arg-type]  # pyright: ignore
    ws.get_option(int)  # type: ignore[type-var]  # pyright: ignore
    websocket.Decorator(response=for_request)  # type: ignore[arg-type]  # pyright: ignore
    websocket.PermessageDeflate(backend="lz4")  # type: ignore[arg-type]  # pyright: ignore
    websocket.Timeout("30")  # type: ignore[arg-type]  # pyright: ignore
    ws.control_callback = with_text  # type: ignore[assignment]  # pyright: ignore
    ws.is_open = False  # type: ignore[misc]  # pyright: ignore
    websocket.Timeout().handshake_timeout = 5  # type: ignore[misc]  # pyright: ignore


class Derived(websocket.Stream[socket.socket]):  # type: ignore[misc]  # pyright: ignore
    """A stream is final: what it promises about threads holds for its own methods only."""


def messages(sock: socket.socket) -> None:
    http.Request("GET", "/", fields={"Host": 5})  # type: ignore[arg-type]  # pyright: ignore
    http.Response(200, body="text")  # type: ignore[arg-type]  # pyright: ignore
    http.read(sock, b"", http.Request())  # type: ignore[arg-type]  # pyright: ignore
    http.Request().fields["Age"] = 5  # type: ignore[assignment]  # pyright: ignore
    websocket.teardown(sock, core.Role.CLIENT, None)  # type: ignore[arg-type]  # pyright: ignore
