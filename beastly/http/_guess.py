"""What bytes look like that are no HTTP message: a hint for whoever reads the error."""

from typing import Final

__all__ = ["describe"]

_SHOWN: Final = 16

# How other protocols begin that are met on the wrong port. The first row that fits is taken.
_OPENINGS: Final = (
    (b"\x16\x03", "a TLS handshake: the peer speaks https or wss"),
    (b"\x15\x03", "a TLS alert: the peer speaks https or wss"),
    (b"SSH-", "the banner of an SSH peer"),
    (b"PRI * HTTP/2.0", "the preface of an HTTP/2 client"),
    (b"HTTP/", "an HTTP response"),
    (b"220", "the greeting of an SMTP or FTP server"),
    (b"+OK", "the greeting of a POP3 server"),
    (b"* OK", "the greeting of an IMAP server"),
    (b"RFB ", "the greeting of a VNC server"),
    (b"GET ", "an HTTP request"),
    (b"\x00\x00", "an HTTP/2 frame"),
    (b"\x05", "a SOCKS5 message"),
    (b"\x04", "a SOCKS4 message"),
    (b"\x81", "a WebSocket text frame"),
    (b"\x82", "a WebSocket binary frame"),
    (b"\x88", "a WebSocket close frame"),
    (b"\x89", "a WebSocket ping frame"),
    (b"\x8a", "a WebSocket pong frame"),
    (b"\r\n", "an empty line"),
    (b"<", "a document without a head"),
)


def describe(opening: bytes) -> str:
    """Return a sentence on the first bytes of what should have been a message."""
    shown = f"it begins with {opening[:_SHOWN]!r}"
    for prefix, name in _OPENINGS:
        # One byte can be all that has come when it proves that this is not HTTP.
        if opening[: len(prefix)] == prefix[: len(opening)]:
            return f"{shown}, which looks like {name}"
    return shown
