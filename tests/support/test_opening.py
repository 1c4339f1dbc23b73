"""The server's half by hand, held against the examples of RFC 6455 section 1.2."""

import pytest

from beastly.websocket import Stream

from tests.support.memory_layer import connected_pair
from tests.support.opening import (
    SWITCHED,
    Calls,
    accept_value,
    expect_ended,
    expect_no_frames,
    fitting,
    respond,
)
from tests.support.peer import Peer
from tests.support.wire import ACCEPT, GOOD_REQUEST, GOOD_RESPONSE


def test_accept_value() -> None:
    assert accept_value(GOOD_REQUEST) == ACCEPT.encode()
    with pytest.raises(AssertionError, match="one key"):
        accept_value(b"GET / HTTP/1.1\r\n\r\n")


def test_a_response_is_made_to_fit() -> None:
    request = GOOD_REQUEST.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"x3JJHMbDL1EzLkh9GBhXDw==")
    assert b"Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n" in fitting(GOOD_RESPONSE, request)
    assert fitting(b"HTTP/1.1 404 Not Found\r\n\r\n", request) == b"HTTP/1.1 404 Not Found\r\n\r\n"


def test_respond() -> None:
    near, far = connected_pair()
    near.send(GOOD_REQUEST, None)
    assert respond(Peer(far)) == GOOD_REQUEST
    assert far.sent == GOOD_RESPONSE


def test_a_new_stream_has_not_ended() -> None:
    stream = Stream(connected_pair()[0])
    expect_no_frames(stream)
    with pytest.raises(AssertionError):
        expect_ended(stream)
    stream.close()
    expect_ended(stream)


def test_an_open_stream_sends_frames() -> None:
    near, far = connected_pair()
    far.send(GOOD_REQUEST, None)
    stream = Stream(near)
    calls = Calls()
    stream.set_option(calls.option)
    stream.accept()
    assert (calls.requests, calls.responses) == (0, 1)
    assert near.sent == SWITCHED
    with pytest.raises(pytest.fail.Exception):
        expect_no_frames(stream)
