"""A conversation between WebSocket clients and a server, with every byte that they exchange.

    make demo

Each scene is one TCP connection over the loopback: a server's part, which runs in a thread, and a
client's part, which runs in the main thread and over a layer that prints what passes.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from beastly import http, websocket
from beastly.core import Buffer, Deadline, ForwardingLayer

CREDENTIALS: Final = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # Aladdin:open sesame (RFC 7617)


class Wiretap(ForwardingLayer):
    """A layer that prints the bytes on their way to and from the layer below."""

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        data = super().receive(size, deadline)
        show("<", data)
        return data

    def receive_into(self, region: memoryview, deadline: Deadline | None) -> int:
        count = super().receive_into(region, deadline)
        show("<", bytes(region[:count]))
        return count

    def send(self, data: Buffer, deadline: Deadline | None) -> int:
        count = super().send(data, deadline)
        show(">", bytes(memoryview(data)[:count]))
        return count

    def send_vector(self, pieces: Sequence[Buffer], deadline: Deadline | None) -> int:
        count = super().send_vector(pieces, deadline)
        show(">", b"".join(pieces)[:count])
        return count


def show(direction: str, data: bytes) -> None:
    """Print what went over the wire: the lines of HTTP, and frames as hexadecimal digits."""
    lines = [] if data else ["(the end)"]
    if data.startswith((b"GET ", b"HTTP/")):
        head, _, data = data.partition(b"\r\n\r\n")
        lines = [*head.decode("ascii").split("\r\n"), ""]
    # No frame here is ASCII: the first bit of its first byte is set.
    lines += data.decode("ascii").splitlines() if data.isascii() else frames(data)
    for line in lines:
        print(f"    {direction} {line}".rstrip())


def frames(data: bytes) -> Iterator[str]:
    """Tell frames apart, whole ones of at most 125 bytes, as here (RFC 6455 section 5.2)."""
    while data:
        opcode, masked = websocket.Opcode(data[0] & 0x0F), bool(data[1] & 0x80)
        size = 2 + 4 * masked + (data[1] & 0x7F)
        kind = f"{opcode.name.lower()}, masked" if masked else opcode.name.lower()
        yield f"{data[:size].hex(' ')}  ({kind})"
        data = data[size:]


def answer_plainly(sock: socket.socket) -> None:
    """The server reads the upgrade request, answers it, and returns every message to its sender."""
    with websocket.Stream(sock) as ws:
        ws.accept()
        for message in ws:
            ws.write(message)


def say_hello(ws: websocket.Stream[Wiretap], host: str) -> None:
    """The client looks at the response that made the connection a WebSocket one."""
    response = websocket.response_type()
    ws.handshake(response, host, "/echo")
    print(f"  the response says {response.status:d}, its server is {response.fields['Server']}")
    ws.write("hello")
    print(f"  read() returns {ws.read()!r}")
    ws.write(b"\x00\xff")
    print(f"  read() returns {ws.read()!r}")


def look_before_accepting(sock: socket.socket) -> None:
    """The server reads a little first, to tell who is calling, and hands on what it has read."""
    already_read = sock.recv(4)
    if already_read == b"GET ":
        with websocket.Stream(sock) as ws:
            ws.accept(already_read)
            ws.write("here is the news")


def listen(ws: websocket.Stream[Wiretap], host: str) -> None:
    """The client reads the first message, even if it came right behind the response."""
    ws.handshake(host, "/news")
    print(f"  read() returns {ws.read()!r}")


def choose_after_parsing(sock: socket.socket) -> None:
    """The server reads the request as HTTP, looks at it, and chooses one of its subprotocols."""
    buffer = bytearray()
    request = http.Request()
    http.read(sock, buffer, request)
    chosen = websocket.choose_subprotocol(request, ["superchat", "chat"])

    def choose(response: http.Response) -> None:
        if chosen is not None:
            response.fields["Sec-WebSocket-Protocol"] = chosen

    if websocket.is_upgrade(request):
        with websocket.Stream(sock) as ws:
            ws.set_option(websocket.Decorator(response=choose))
            ws.accept(request, buffer)
            ws.write(f"welcome to {request.target}")


def offer_subprotocols(ws: websocket.Stream[Wiretap], host: str) -> None:
    """The client offers two subprotocols, through a decorator, and learns which one was chosen."""

    def offer(request: http.Request) -> None:
        request.fields["Sec-WebSocket-Protocol"] = "chat, superchat"

    ws.set_option(websocket.Decorator(request=offer))
    ws.handshake(host, "/room/7")
    print(f"  subprotocol is {ws.subprotocol!r}, read() returns {ws.read()!r}")


def ask_for_credentials(sock: socket.socket) -> None:
    """The server refuses a stranger, and listens on the same connection for a second attempt."""

    def guard(response: http.Response) -> None:
        if ws.request is None or ws.request.fields.get("Authorization") != CREDENTIALS:
            response.status = 401
            response.fields["WWW-Authenticate"] = 'Basic realm="the cave"'
            response.body = b"Say the words.\n"

    with websocket.Stream(sock) as ws:
        ws.set_option(websocket.Decorator(response=guard))
        try:
            ws.accept()
        except websocket.HandshakeFailed as refusal:
            if refusal.keep_alive:
                ws.accept()
        ws.write("the cave is open")


def try_again(ws: websocket.Stream[Wiretap], host: str) -> None:
    """The client is refused, reads why, and tries again on the same connection."""

    def authorize(request: http.Request) -> None:
        request.fields["Authorization"] = CREDENTIALS

    try:
        ws.handshake(host, "/cave")
    except websocket.HandshakeFailed as failure:
        print(f"  {failure}; keep_alive is {failure.keep_alive}")
        ws.set_option(websocket.Decorator(request=authorize))
        ws.handshake(host, "/cave")
    print(f"  read() returns {ws.read()!r}")


def play(
    listener: socket.socket,
    serve: Callable[[socket.socket], None],
    call: Callable[[websocket.Stream[Wiretap], str], None],
) -> None:
    """Run one scene: `serve` gets the accepted socket in a thread, `call` a client's stream."""

    def answer() -> None:
        sock, _ = listener.accept()
        with sock:
            serve(sock)

    address, port = listener.getsockname()
    with ThreadPoolExecutor() as threads:
        answering = threads.submit(answer)
        with (
            socket.create_connection((address, port), timeout=5) as sock,
            websocket.Stream(Wiretap(sock)) as ws,
        ):
            call(ws, f"{address}:{port}")
            print("  close()")
        answering.result()
    print(f"  the server's close frame said: {ws.reason}")


def main() -> None:
    """Play all scenes. `>` is what the client sends, `<` what it receives."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        print("\n1. A handshake, two messages, the closing")
        play(listener, answer_plainly, say_hello)
        print("\n2. The server has read the first bytes already")
        play(listener, look_before_accepting, listen)
        print("\n3. The server has read the whole request, and chooses a subprotocol")
        play(listener, choose_after_parsing, offer_subprotocols)
        print("\n4. A refusal, and a second attempt on the same connection")
        play(listener, ask_for_credentials, try_again)


if __name__ == "__main__":
    main()
