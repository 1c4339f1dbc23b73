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

from tests.bench.endpoints import CLIENTS, SERVERS_OVER, listen

_MESSAGE = b"awaited"


def usage() -> dict[str, int]:
    """Return the resident bytes, threads and descriptors of this process."""
    with open("/proc/self/statm", encoding="ascii") as pages:
        resident = int(pages.read().split()[1]) * resource.getpagesize()
    threads = len(os.listdir("/proc/self/task"))
    return {"bytes": resident, "threads": threads, "descriptors": len(os.listdir("/dev/fd"))}


def serve(name: str) -> int:
    """Listen, and give each connection a thread which waits for a message; return the port."""
    listener = listen()

    def handle(sock: socket.socket) -> None:
        SERVERS_OVER[name](sock).echo(_MESSAGE, 1)

    def accept() -> None:
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=handle, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def main(role: str, name: str, *numbers: str) -> None:
    """Play one end."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if role == "server":
        print(serve(name), flush=True)
        # What the first connection brings in, no later one needs.
        sys.stdin.readline()
        before = usage()
        print(flush=True)
        sys.stdin.readline()
        held: list[object] = []
    else:
        count, port = map(int, numbers)
        held = [CLIENTS[name](("127.0.0.1", port))]
        print(flush=True)
        sys.stdin.readline()
        before = usage()
        held += [CLIENTS[name](("127.0.0.1", port)) for _ in range(count)]
    after = usage()
    print(json.dumps({key: after[key] - before[key] for key in before}), flush=True)
    if role == "client":
        sys.stdin.readline()
    # Without closing handshakes, which are not measured.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
