"""What bytes look like that are no HTTP message: a hint for whoever reads the error."""

from typing import Final

__all__ = ["REQUEST", "RESPONSE", "describe"]

REQUEST: Final = "an HTTP request"
RESPONSE: Final = "an HTTP response"

_SHOWN: Final = 40

# How what is met on the wrong port begins. One byte is enough where HTTP cannot begin with it.
_OPENINGS: Final = (
    (b"\x16", "a TLS handshake: the peer speaks https or wss"),
    (b"\x15", "a TLS alert: the peer speaks https or wss"),
    (b"SSH-", "the banner of an SSH peer"),
    (b"PRI * HTTP/2.0", "the preface of an HTTP/2 client"),
    (b"220", "the greeting of an SMTP or FTP server"),
    (b"+OK", "the greeting of a POP3 server"),
    (b"* OK", "the greeting of an IMAP server"),
    (b"\x00", "an HTTP/2 frame"),
    (b"\x05", "a SOCKS5 message"),
    (b"\x04", "a SOCKS4 message"),
    (b"\x81", "a WebSocket text frame"),
    (b"\x82", "a WebSocket binary frame"),
    (b"\x88", "a WebSocket close frame"),
    (b"\x89", "a WebSocket ping frame"),
    (b"\x8a", "a WebSocket pong frame"),
    (b"\r\n", "an empty line"),
    (b"<", "a document without a head"),
    (b"HTTP/", RESPONSE),
    (b"GET ", REQUEST),
)


def describe(opening: bytes, wanted: str) -> str:
    """Return a clause on the first bytes of what is not `wanted`: `REQUEST` or `RESPONSE`."""
    shown = f"it begins with {opening[:_SHOWN]!r}"
    for prefix, name in _OPENINGS:
        if opening.startswith(prefix) and name != wanted:
            return f"{shown}, which looks like {name}"
    return shown
