"""Blocking WebSocket streams in the style of Boost.Beast.

    import socket
    from beastly import websocket

    sock = socket.create_connection(("www.example.com", 80))
    ws = websocket.Stream(sock)
    ws.handshake("www.example.com", "/")
    ws.write("hello")
    print(ws.read())
    ws.close()

Two packages are for users: `beastly.websocket` holds `Stream` with its options and errors
(RFC 6455), and `beastly.http` the messages that an opening handshake exchanges, with `read` and
`write` for plain HTTP on the same port (RFC 9110 and RFC 9112). Both stand on `beastly.core`: the
root of all errors, `Role`, and the layer, which is all that a stream needs of a transport.
"""

from beastly import http, websocket
from beastly._version import __version__

__all__ = ["__version__", "http", "websocket"]
