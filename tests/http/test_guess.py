import pytest

from beastly.http._guess import REQUEST, RESPONSE, describe

OPENINGS = [
    # A ClientHello of TLS 1.2, and a fatal alert (RFC 5246 sections 6.2.1 and 7.2).
    (b"\x16\x03\x01\x02\x00\x01\x00", "TLS handshake"),
    (b"\x15\x03\x03\x00\x02\x02\x46", "TLS alert"),
    (b"SSH-2.0-OpenSSH_9.6", "SSH"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2 client"),
    (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "HTTP/2 frame"),
    (b"220 mail.example.com ESMTP", "SMTP or FTP"),
    (b"220-mail.example.com", "SMTP or FTP"),
    (b"+OK ready", "POP3"),
    (b"* OK ready", "IMAP"),
    (b"\x05\x01\x00", "SOCKS5"),
    (b"\x04\x01\x00\x50", "SOCKS4"),
    (b"\x81\x05Hello", "WebSocket text frame"),
    (b"\x82\x7e\x01\x00", "WebSocket binary frame"),
    (b"\x88\x02\x03\xe8", "WebSocket close frame"),
    (b"\x89\x00", "WebSocket ping frame"),
    (b"\x8a\x00", "WebSocket pong frame"),
    (b"\r\nGET / HTTP/1.1\r\n", "empty line"),
    (b"<!DOCTYPE html>", "document without a head"),
]


@pytest.mark.parametrize("wanted", [REQUEST, RESPONSE])
@pytest.mark.parametrize(("opening", "name"), OPENINGS)
def test_it_is_recognized(opening: bytes, name: str, wanted: str) -> None:
    text = describe(opening, wanted)
    assert f"it begins with {opening!r}, which looks like" in text
    assert name in text


def test_the_other_kind_of_message_is_recognized() -> None:
    assert describe(b"HTTP/1.1 200 OK", REQUEST).endswith("looks like an HTTP response")
    assert describe(b"GET / HTTP/1.1", RESPONSE).endswith("looks like an HTTP request")


def test_its_own_kind_is_not_what_it_looks_like() -> None:
    assert describe(b"GET / HTTP/3", REQUEST) == "it begins with b'GET / HTTP/3'"
    assert describe(b"HTTP/3 200", RESPONSE) == "it begins with b'HTTP/3 200'"


def test_what_is_unknown_is_quoted() -> None:
    assert describe(b"\x1b[2Jfoo\xff", REQUEST) == r"it begins with b'\x1b[2Jfoo\xff'"


def test_no_more_is_quoted_than_a_reader_wants() -> None:
    assert describe(b"a" * 1000, REQUEST) == f"it begins with {b'a' * 40!r}"
