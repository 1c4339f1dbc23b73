"""One end of many idle connections, in a process of its own, for `bench_idle`.

    python -m tests.bench.idle_worker server NAME
    python -m tests.bench.idle_worker client NAME COUNT PORT

A server prints its port, and when a line comes in what its connections have taken; then it ends. A
client prints that once all its connections are open, and ends when a line comes in.
"""

import json
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable, Mapping

from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from beastly import http, websocket

_Open = Callable[[int], object]


def usage() -> dict[str, int]:
    """Return the resident bytes, threads and descriptors of this process."""
    with open("/proc/self/statm", encoding="ascii") as pages:
        resident = int(pages.read().split()[1]) * resource.getpagesize()
    threads = len(os.listdir("/proc/self/task"))
    return {"bytes": resident, "threads": threads, "descriptors": len(os.listdir("/dev/fd"))}


def serve_threads(handle: Callable[[socket.socket], None]) -> int:
    """Listen on the loopback and give each connection a thread; return the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)

    def listen() -> None:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=handle, args=(sock,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def raw_server() -> int:
    """Answer a handshake with the same bytes always, then wait for a byte."""
    response = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"

    def handle(sock: socket.socket) -> None:
        sock.recv(16384)
        sock.sendall(response)
        sock.recv(16384)

    return serve_threads(handle)


def beastly_server() -> int:
    """Accept, then wait for a message."""

    def handle(sock: socket.socket) -> None:
        with websocket.Stream(sock) as ws:
            ws.accept()
            for _ in ws:
                pass

    return serve_threads(handle)


def websockets_server() -> int:
    """The same with the library's own threads, defaults but for compression."""

    def handle(connection: ServerConnection) -> None:
        for _ in connection:
            pass

    server = serve(handle, "127.0.0.1", 0, compression=None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port: int = server.socket.getsockname()[1]
    return port


def raw_client(port: int) -> object:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(http.Request("GET", "/", fields={"Host": "localhost"}).encode())
    sock.recv(16384)
    return sock


def beastly_client(port: int) -> object:
    ws = websocket.Stream(socket.create_connection(("127.0.0.1", port)))
    ws.handshake("localhost", "/")
    return ws


def websockets_client(port: int) -> object:
    return connect(f"ws://127.0.0.1:{port}/", compression=None)


SERVERS: Mapping[str, Callable[[], int]] = {
    "raw": raw_server,
    "beastly": beastly_server,
    "websockets": websockets_server,
}
CLIENTS: Mapping[str, _Open] = {
    "raw": raw_client,
    "beastly": beastly_client,
    "websockets": websockets_client,
}


def main(role: str, name: str, *numbers: str) -> None:
    """Play one end."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if role == "server":
        print(SERVERS[name](), flush=True)
        held: list[object] = []
        before = usage()
        sys.stdin.readline()
    else:
        count, port = map(int, numbers)
        # The first connection brings in code and caches that no later one needs.
        held = [CLIENTS[name](port)]
        before = usage()
        held += [CLIENTS[name](port) for _ in range(count)]
    after = usage()
    print(json.dumps({key: after[key] - before[key] for key in before}), flush=True)
    if role == "client":
        sys.stdin.readline()
    # Without closing handshakes, which are not measured.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
