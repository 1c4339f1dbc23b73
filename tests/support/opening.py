"""The server's half of an opening handshake by hand, for tests of a client."""

import base64
import hashlib
import re
from typing import Final

from tests.support.peer import Peer
from tests.support.wire import ACCEPT, GOOD_RESPONSE

__all__ = ["accept_value", "fitting", "respond"]

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY: Final = re.compile(rb"\r\nSec-WebSocket-Key: ([A-Za-z0-9+/]{22}==)\r\n")


def accept_value(request: bytes) -> bytes:
    """The Sec-WebSocket-Accept that belongs to an upgrade request (RFC 6455 section 4.2.2)."""
    keys = _KEY.findall(request)
    assert len(keys) == 1, f"expected one key in {request!r}"
    return base64.b64encode(hashlib.sha1(keys[0] + _GUID).digest())


def fitting(response: bytes, request: bytes) -> bytes:
    """`response` with the accept value of the specification's example made to fit `request`."""
    return response.replace(ACCEPT.encode(), accept_value(request))


def respond(peer: Peer, response: bytes = GOOD_RESPONSE) -> bytes:
    """Read one upgrade request, send `response` made to fit it, and return the request."""
    request = peer.read_until(b"\r\n\r\n")
    peer.send(fitting(response, request))
    return request
