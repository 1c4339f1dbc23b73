"""What an opening handshake costs: the protocol alone in memory, the parsing of heads, connections.

In memory there are no sockets, only what each library computes. Over loopback TCP a handshake is
all of it: to connect, to shake hands, to end the connection.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from websockets.client import ClientProtocol
from websockets.http11 import Request as WebsocketsRequest
from websockets.server import ServerProtocol
from websockets.uri import parse_uri
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection
from wsproto.events import Request as WsprotoRequest

from beastly.http import RequestParser, ResponseParser
from beastly.websocket._client_handshake import ClientHandshake
from beastly.websocket._server_handshake import answer
from tests.bench.comparison import ROLES, compare, ratio_rows, spreads
from tests.bench.method import Plan, measure
from tests.bench.report import spread_note, table
from tests.bench.worker import Link, Pair

__all__ = ["connection_table", "handshake_table", "head_pieces", "head_table", "parse_head"]

_HOST: Final = "www.example.com"
_TARGET: Final = "/chat?room=1"

# What a browser of 2024 sends, in its order and with a cookie.
BROWSER_REQUEST: Final = (
    b"GET /chat?room=1 HTTP/1.1\r\n"
    b"Host: www.example.com\r\n"
    b"Connection: Upgrade\r\n"
    b"Pragma: no-cache\r\n"
    b"Cache-Control: no-cache\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    b" Chrome/126.0.0.0 Safari/537.36\r\n"
    b"Upgrade: websocket\r\n"
    b"Origin: https://www.example.com\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    b"Accept-Language: en-US,en;q=0.9\r\n"
    b"Cookie: session=5f2b8c0e9d4a4c1bb0f6f0d8a7c3e291; theme=dark\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    b"\r\n"
)

_HEAD_SIZES: Final[Mapping[str, int]] = {f"{kib} KiB": kib * 1024 for kib in (1, 4, 16, 64)}
_LINE: Final = 512

_CHUNKS: Final[Mapping[str, int]] = {"whole": 65536, "1460 bytes": 1460, "1 byte": 1}


def handshake_table(plan: Plan) -> str:
    """Measure the protocol alone: of both ends, and of a server that a browser calls."""
    both: dict[str, Callable[[], object]] = {
        "beastly": _beastly_both,
        "wsproto": _wsproto_both,
        "websockets": _websockets_both,
    }
    server: dict[str, Callable[[], object]] = {
        "beastly": lambda: _beastly_server(BROWSER_REQUEST),
        "wsproto": lambda: _wsproto_server(BROWSER_REQUEST),
        "websockets": lambda: _websockets_server(BROWSER_REQUEST),
    }
    columns = [
        measure({name: _timed(run) for name, run in candidates.items()}, plan)
        for candidates in (both, server)
    ]
    rows = [["beastly, in µs", *(f"{samples.cost('beastly'):.1f}" for samples in columns)]]
    peers = [name for name in both if name != "beastly"]
    for name in peers:
        rows.append([name, *(f"{samples.ratio(name, 'beastly'):.2f}" for samples in columns)])
    note = spread_note(samples.spread(name, "beastly") for samples in columns for name in peers)
    return f"{table(['', 'client and server', 'server, from a browser'], rows)}\n\n{note}"


def _timed(run: Callable[[], object]) -> Callable[[int], float]:
    def timed(count: int) -> float:
        start = time.process_time()
        for _ in range(count):
            run()
        return time.process_time() - start

    return timed


def _beastly_both() -> None:
    client = ClientHandshake(_HOST, _TARGET)
    response = _beastly_server(client.encoded)
    parser = ResponseParser()
    parser.feed(response)
    client.judge(parser.message, reusable=not parser.need_eof)


def _beastly_server(request: bytes) -> bytes:
    parser = RequestParser()
    parser.feed(request)
    return answer(parser.message).encoded


def _wsproto_both() -> None:
    client = WSConnection(ConnectionType.CLIENT)
    request = client.send(WsprotoRequest(host=_HOST, target=_TARGET))
    client.receive_data(_wsproto_server(request))
    [accepted] = client.events()
    if not isinstance(accepted, AcceptConnection):
        raise TypeError(f"the client got {accepted}")


def _wsproto_server(request: bytes) -> bytes:
    server = WSConnection(ConnectionType.SERVER)
    server.receive_data(request)
    list(server.events())
    return server.send(AcceptConnection())


_URI: Final = parse_uri(f"ws://{_HOST}{_TARGET}")


def _websockets_both() -> None:
    client = ClientProtocol(_URI)
    client.send_request(client.connect())
    client.receive_data(_websockets_server(b"".join(client.data_to_send())))
    client.events_received()
    if client.handshake_exc is not None:
        raise client.handshake_exc


def _websockets_server(request: bytes) -> bytes:
    server = ServerProtocol()
    server.receive_data(request)
    [event] = server.events_received()
    if not isinstance(event, WebsocketsRequest):
        raise TypeError(f"the server got {event}")
    server.send_response(server.accept(event))
    return b"".join(server.data_to_send())


def head_table(plan: Plan) -> str:
    """Measure what a KiB of a request's head costs, by its size and by how it is cut."""
    samples = measure(
        {
            (size, chunk): _timed(partial(parse_head, head_pieces(size, chunk)))
            for size in _HEAD_SIZES.values()
            for chunk in _CHUNKS.values()
        },
        plan,
    )
    rows = [
        [
            how,
            *(
                f"{samples.cost((size, chunk)) * 1024 / size:.1f}"
                for size in _HEAD_SIZES.values()
            ),
        ]
        for how, chunk in _CHUNKS.items()
    ]
    return table(["µs per KiB", *_HEAD_SIZES], rows)


def head_pieces(size: int, chunk: int) -> list[bytes]:
    """Return a request's head of so many bytes, in lines of 512 bytes, cut into pieces."""
    head = b"GET / HTTP/1.1\r\n"
    while rest := size - len(head) - 2:
        head += b"Field: " + b"v" * (min(rest, _LINE) - len("Field: \r\n")) + b"\r\n"
    head += b"\r\n"
    return [head[at : at + chunk] for at in range(0, size, chunk)]


def parse_head(pieces: list[bytes]) -> None:
    """Parse a head that comes in pieces."""
    parser = RequestParser()
    for piece in pieces:
        parser.feed(piece)
    if not parser.done:
        raise RuntimeError("the head has no end")


def connection_table(connected: Mapping[Pair, Link], plan: Plan) -> str:
    """Measure a connection that is opened, shakes hands and is dropped."""
    samples = compare(connected, Link.shake_hands, plan)
    rows = ratio_rows([(samples, pair_of) for pair_of in ROLES.values()])
    rates = ", ".join(
        f"{client} {1e6 / samples.cost((client, server)):.0f}"
        for client, server in samples.costs
        if client == server
    )
    note = f"Connections a second with both sides on one core: {rates}."
    return f"{table(['', *ROLES], rows)}\n\n{note}\n{spread_note(spreads(samples))}"
