"""Exchanges a message with itself, and prints which package did it and how.

A program for the Python of an environment where nothing but the package is installed.
"""

import json
import socket
import threading

import beastly
from beastly import websocket

LARGE = bytes(range(256)) * 1000


def main() -> None:
    """Send a text and a large message, and read them back."""
    near, far = socket.socketpair()
    server = threading.Thread(target=echo, args=(far,))
    server.start()
    with websocket.Stream(near) as ws:
        ws.handshake("localhost", "/")
        ws.write("hello")
        text = ws.read_text(timeout=20)
        ws.write(LARGE)
        whole = ws.read_bytes(timeout=20) == LARGE
    server.join()
    used = [beastly.__file__, websocket.ACCELERATED, beastly.__version__]
    print(json.dumps([text, whole, *used]))


def echo(sock: socket.socket) -> None:
    """Return every message to its sender."""
    with websocket.Stream(sock) as ws:
        ws.accept()
        for message in ws:
            ws.write(message)


if __name__ == "__main__":
    main()
