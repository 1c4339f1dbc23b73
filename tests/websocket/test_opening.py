"""Opening handshakes through a stream: every code has its case, and a signal may come at any time.

The tables of Beast's cases are in `test_stream_handshake.py` and `test_stream_accept.py`.
"""

from functools import partial

import pytest

from beastly.core import Deadline, ForwardingLayer, Layer
from beastly.websocket import Condition, Error, HandshakeFailed, Stream, request_type
from tests.support.memory_layer import connected_pair
from tests.support.opening import SWITCHED, respond
from tests.support.peer import peer
from tests.support.wire import GOOD_REQUEST, GOOD_RESPONSE, KEY


def _request(old: bytes, new: bytes) -> bytes:
    assert GOOD_REQUEST.count(old) == 1
    return GOOD_REQUEST.replace(old, new)


def _response(old: bytes, new: bytes) -> bytes:
    assert GOOD_RESPONSE.count(old) == 1
    return GOOD_RESPONSE.replace(old, new)


REQUESTS = {
    Error.BAD_HTTP_VERSION: _request(b"HTTP/1.1", b"HTTP/1.0"),
    Error.BAD_METHOD: _request(b"GET", b"PUT"),
    Error.NO_HOST: _request(b"Host: localhost\r\n", b""),
    Error.NO_CONNECTION: _request(b"Connection: upgrade\r\n", b""),
    Error.NO_CONNECTION_UPGRADE: _request(b"Connection: upgrade", b"Connection: keep-alive"),
    Error.NO_UPGRADE: _request(b"Upgrade: websocket\r\n", b""),
    Error.NO_UPGRADE_WEBSOCKET: _request(b"websocket\r\n", b"h2c\r\n"),
    Error.NO_SEC_KEY: _request(f"Sec-WebSocket-Key: {KEY}\r\n".encode(), b""),
    Error.BAD_SEC_KEY: _request(KEY.encode(), b"1234"),
    Error.NO_SEC_VERSION: _request(b"Sec-WebSocket-Version: 13\r\n", b""),
    Error.BAD_SEC_VERSION: _request(b"Version: 13", b"Version: 14"),
    Error.BAD_SEC_EXTENSIONS: GOOD_REQUEST[:-2] + b"Sec-WebSocket-Extensions: x;\r\n\r\n",
    Error.UNEXPECTED_CONTENT: GOOD_REQUEST[:-2] + b"Content-Length: 1\r\n\r\nx",
}

RESPONSES = {
    Error.BAD_HTTP_VERSION: _response(b"HTTP/1.1", b"HTTP/1.0"),
    Error.NO_CONNECTION: _response(b"Connection: Upgrade\r\n", b""),
    Error.NO_CONNECTION_UPGRADE: _response(b"Connection: Upgrade", b"Connection: close"),
    Error.NO_UPGRADE: _response(b"Upgrade: websocket\r\n", b""),
    Error.NO_UPGRADE_WEBSOCKET: _response(b"websocket\r\n", b"h2c\r\n"),
    Error.NO_SEC_ACCEPT: _response(b"Sec-WebSocket-Accept: ", b"X-Accept: "),
    Error.BAD_SEC_ACCEPT: _response(b"Sec-WebSocket-Accept: ", b"Sec-WebSocket-Accept: +"),
    Error.UPGRADE_DECLINED: b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    Error.BAD_SEC_EXTENSIONS: GOOD_RESPONSE[:-2] + b"Sec-WebSocket-Extensions: x;\r\n\r\n",
    Error.BAD_EXTENSION: GOOD_RESPONSE[:-2] + b"Sec-WebSocket-Extensions: x\r\n\r\n",
    Error.MULTIPLE_EXTENSION: GOOD_RESPONSE[:-2] + b"Sec-WebSocket-Extensions: x, x\r\n\r\n",
    Error.BAD_SUBPROTOCOL: GOOD_RESPONSE[:-2] + b"Sec-WebSocket-Protocol: x\r\n\r\n",
    Error.MULTIPLE_SUBPROTOCOL: GOOD_RESPONSE[:-2] + b"Sec-WebSocket-Protocol: x\r\n" * 2 + b"\r\n",
}

# Its bytes are refused by the parser already, with `http.Error.MULTIPLE_HOST`.
TWO_HOSTS = request_type(
    "GET",
    "/",
    fields=[
        ("Host", "a"),
        ("Host", "b"),
        ("Upgrade", "websocket"),
        ("Connection", "upgrade"),
        ("Sec-WebSocket-Key", KEY),
        ("Sec-WebSocket-Version", "13"),
    ],
)


class TestCodes:
    """Each rule of an opening handshake has its own code."""

    def test_every_code_has_a_case(self) -> None:
        shown = REQUESTS.keys() | RESPONSES.keys() | {Error.MULTIPLE_HOST}
        assert shown == {code for code in Error if code.condition is Condition.HANDSHAKE_FAILED}

    @pytest.mark.parametrize(
        ("code", "request_"), REQUESTS.items(), ids=[code.name for code in REQUESTS]
    )
    def test_accept(self, code: Error, request_: bytes) -> None:
        near, far = connected_pair()
        far.send(request_, None)
        far.shutdown(None)
        with Stream(near) as stream:
            with pytest.raises(HandshakeFailed) as raised:
                stream.accept()
            assert raised.value.code is code
            assert not stream.is_open
        assert near.sent.startswith(b"HTTP/1.1 4")

    def test_accept_of_two_hosts(self) -> None:
        near, _ = connected_pair()
        with Stream(near) as stream:
            with pytest.raises(HandshakeFailed) as raised:
                stream.accept(TWO_HOSTS)
            assert raised.value.code is Error.MULTIPLE_HOST
        assert near.sent.startswith(b"HTTP/1.1 400 ")

    @pytest.mark.parametrize(
        ("code", "response"), RESPONSES.items(), ids=[code.name for code in RESPONSES]
    )
    def test_handshake(self, code: Error, response: bytes) -> None:
        near, far = connected_pair()
        with peer(far, partial(respond, response=response)), Stream(near) as stream:
            with pytest.raises(HandshakeFailed) as raised:
                stream.handshake("localhost", "/")
            assert raised.value.code is code
            assert not stream.is_open
        assert len(near.sends) == 1


class InterruptedLayer(ForwardingLayer):
    """A layer in which Ctrl-C comes instead of each second receive."""

    def __init__(self, below: Layer) -> None:
        super().__init__(below)
        self._receives = 0

    def receive(self, size: int, deadline: Deadline | None) -> bytes:
        self._receives += 1
        if self._receives % 2 == 0:
            raise KeyboardInterrupt
        return super().receive(size, deadline)


class TestInterrupt:
    """Ctrl-C leaves a stream in a state that is known."""

    def test_accept_goes_on(self) -> None:
        near, far = connected_pair(chunk=10)
        far.send(GOOD_REQUEST, None)
        stream: Stream[Layer] = Stream(InterruptedLayer(near))
        interrupts = 0
        while not stream.is_open:
            try:
                stream.accept()
            except KeyboardInterrupt:
                interrupts += 1
        assert interrupts == -(-len(GOOD_REQUEST) // 10) - 1
        assert near.sent == SWITCHED

    def test_handshake_is_over(self) -> None:
        """What the server still says must not answer another request."""
        near, far = connected_pair(chunk=10)
        far.send(GOOD_RESPONSE, None)
        stream: Stream[Layer] = Stream(InterruptedLayer(near))
        with pytest.raises(KeyboardInterrupt):
            stream.handshake("localhost", "/")
        assert near.closed
        assert len(near.sends) == 1
