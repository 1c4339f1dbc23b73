"""Bytes on the wire that many tests share, written out by hand."""

from typing import Final

__all__ = [
    "ACCEPT",
    "BINARY_256_HEADER",
    "BINARY_64K_HEADER",
    "CLIENT_CLOSE_1000",
    "GOOD_REQUEST",
    "GOOD_RESPONSE",
    "HELLO_FRAGMENT_1",
    "HELLO_FRAGMENT_2",
    "HELLO_MASKED",
    "HELLO_UNMASKED",
    "KEY",
    "MASKING_KEY",
    "PING_UNMASKED",
    "PONG_MASKED",
    "SERVER_CLOSE_1000",
]

KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
"""The Sec-WebSocket-Key of RFC 6455 section 1.2."""

ACCEPT: Final = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The Sec-WebSocket-Accept that belongs to `KEY` (RFC 6455 section 1.3)."""

GOOD_REQUEST: Final = (
    b"GET / HTTP/1.1\r\n"
    b"Host: localhost\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n"
    b"\r\n"
)
"""The upgrade request that Beast's tests start from."""

GOOD_RESPONSE: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\n"
    b"Upgrade: websocket\r\n"
    b"Connection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    b"\r\n"
)
"""The response of RFC 6455 section 1.2 to a request with `KEY`, without a subprotocol."""

# The frames of RFC 6455 section 5.7.
HELLO_UNMASKED: Final = b"\x81\x05Hello"
HELLO_MASKED: Final = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
HELLO_FRAGMENT_1: Final = b"\x01\x03Hel"
HELLO_FRAGMENT_2: Final = b"\x80\x02lo"
PING_UNMASKED: Final = b"\x89\x05Hello"
PONG_MASKED: Final = b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
BINARY_256_HEADER: Final = b"\x82\x7e\x01\x00"
BINARY_64K_HEADER: Final = b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"

MASKING_KEY: Final = b"\x37\xfa\x21\x3d"
"""The masking key of the masked frames above."""

# 1000 is 03 e8; masked with ff ff ff ff it is fc 17 (Beast's case A9).
SERVER_CLOSE_1000: Final = b"\x88\x02\x03\xe8"
CLIENT_CLOSE_1000: Final = b"\x88\x82\xff\xff\xff\xff\xfc\x17"
