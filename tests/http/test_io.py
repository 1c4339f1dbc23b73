import socket
import tracemalloc
from collections.abc import Callable

import pytest

from beastly.core import Layer, TimedOut
from beastly.http import Error, HttpError, Limits, Request, Response, read, write
from tests.support.fail_count import fail_loop
from tests.support.memory_layer import connected_pair
from tests.support.wire import GOOD_REQUEST, GOOD_RESPONSE

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"


@pytest.mark.parametrize("chunk", [None, 1, 2, 7, 100])
def test_reading_a_request(chunk: int | None) -> None:
    near, far = connected_pair(chunk)
    far.send(POST + GOOD_REQUEST, None)
    buffer, request = bytearray(), Request()
    read(near, buffer, request)
    assert request == Request(
        "POST", fields={"Host": "a", "Content-Length": "3"}, body=b"abc"
    )
    # What came behind it is kept for the next call.
    read(near, buffer, request)
    assert (request.method, request.fields["Upgrade"]) == ("GET", "websocket")
    assert buffer == b""


def test_reading_a_response() -> None:
    near, far = connected_pair()
    far.send(GOOD_RESPONSE + b"\x81\x05Hello", None)
    buffer, response = bytearray(), Response(500)
    read(near, buffer, response)
    assert response.status == 101
    assert buffer == b"\x81\x05Hello"


def test_a_message_that_is_in_the_buffer_already() -> None:
    near, _ = connected_pair()
    for size in range(len(POST) + 1):
        near, far = connected_pair()
        if size < len(POST):
            far.send(POST[size:], None)
        buffer, request = bytearray(POST[:size]), Request()
        read(near, buffer, request)
        assert request.body == b"abc"
        assert buffer == b""
    assert near.receives == 0


def test_the_end_of_the_stream_can_end_a_response() -> None:
    near, far = connected_pair(chunk=5)
    far.send(b"HTTP/1.1 200 OK\r\n\r\ncontent", None)
    far.shutdown(None)
    buffer, response = bytearray(), Response()
    read(near, buffer, response)
    assert response.body == b"content"
    assert buffer == b""


@pytest.mark.parametrize(
    ("data", "code"), [(b"", Error.END_OF_STREAM), (POST[:-1], Error.PARTIAL_MESSAGE)]
)
def test_the_stream_ends_too_early(data: bytes, code: Error) -> None:
    near, far = connected_pair()
    if data:
        far.send(data, None)
    far.shutdown(None)
    buffer, request = bytearray(), Request("PUT")
    with pytest.raises(HttpError) as caught:
        read(near, buffer, request)
    assert caught.value.code is code
    assert buffer == data
    assert request == Request("PUT")


def test_a_bad_message_stays_in_the_buffer() -> None:
    near, far = connected_pair(chunk=10)
    far.send(b"GET / HTTP/1.1\r\nX : y\r\n\r\nmore", None)
    buffer, request = bytearray(), Request("PUT")
    with pytest.raises(HttpError) as caught:
        read(near, buffer, request)
    assert caught.value.code is Error.BAD_FIELD
    assert buffer == b"GET / HTTP/1.1\r\nX : y\r\n\r\nmore"[: len(buffer)]
    assert request == Request("PUT")


def test_limits() -> None:
    near, _ = connected_pair()
    buffer = bytearray(POST)
    read(near, buffer, Request(), limits=Limits(content=3))
    buffer = bytearray(POST)
    with pytest.raises(HttpError) as caught:
        read(near, buffer, Request(), limits=Limits(content=2))
    assert caught.value.code is Error.BODY_LIMIT


def test_a_timeout_loses_nothing() -> None:
    """However far the message had come, the call can be repeated."""
    for size in range(len(POST)):
        near, far = connected_pair()
        if size:
            far.send(POST[:size], None)
        buffer, request = bytearray(), Request("PUT")
        for _ in range(2):
            with pytest.raises(TimedOut):
                read(near, buffer, request, timeout=0)
        assert buffer == POST[:size]
        assert request == Request("PUT")
        far.send(POST[size:] + b"next", None)
        read(near, buffer, request, timeout=0)
        assert request.body == b"abc"
        assert buffer == b"next"


def test_an_error_of_the_system_loses_nothing() -> None:
    """Whichever receive fails."""

    def scenario(wrap: Callable[[Layer], Layer]) -> None:
        near, far = connected_pair(chunk=10)
        far.send(POST, None)
        buffer, request = bytearray(), Request("PUT")
        try:
            read(wrap(near), buffer, request)
        except ConnectionResetError:
            assert request == Request("PUT")
            assert buffer == POST[: 10 * near.receives]
            read(near, buffer, request)
        assert request.body == b"abc"

    assert fail_loop(scenario) == 5


def test_the_default_timeout_of_the_layer() -> None:
    near, _ = connected_pair(capacity=1)
    near.default_timeout = 0
    with pytest.raises(TimedOut):
        read(near, bytearray(), Request())
    with pytest.raises(TimedOut):
        write(near, Response(101))


@pytest.mark.parametrize("capacity", [None, 1000])
def test_writing(capacity: int | None) -> None:
    near, _ = connected_pair(capacity=capacity)
    write(near, Request(fields={"Host": "a"}), timeout=1)
    assert near.sends == [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]


def test_an_invalid_message_is_not_sent() -> None:
    near, _ = connected_pair()
    with pytest.raises(ValueError, match="request-target"):
        write(near, Request(target="/ HTTP/1.1\r\nX: y", fields={"Host": "a"}))
    assert near.sends == []


def test_a_write_that_times_out_tells_how_much_is_missing() -> None:
    response = Response(101)
    wire = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    for capacity in range(1, len(wire)):
        near, _ = connected_pair(capacity=capacity)
        with pytest.raises(TimedOut) as caught:
            write(near, response, timeout=0)
        assert near.sent == wire[:capacity]
        assert caught.value.unsent == len(wire) - capacity


def test_a_write_that_sent_nothing_can_be_repeated() -> None:
    near, far = connected_pair(capacity=40)
    near.send(b"x" * 40, None)
    with pytest.raises(TimedOut) as caught:
        write(near, Response(101), timeout=0)
    assert caught.value.unsent == 0
    assert far.receive(40, None) == b"x" * 40
    write(near, Response(101), timeout=0)
    assert near.sent[40:] == b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


def test_sockets() -> None:
    near, far = socket.socketpair()
    with near, far:
        write(near, Request(fields={"Host": "a"}))
        buffer, request = bytearray(), Request()
        read(far, buffer, request, timeout=10)
        assert request.fields["host"] == "a"
        write(far, Response(204))
        response = Response()
        read(near, buffer, response, timeout=10)
        assert response.status == 204
        with pytest.raises(TimedOut):
            read(near, buffer, response, timeout=0)


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_a_timeout_that_is_none(timeout: float) -> None:
    near, _ = connected_pair()
    with pytest.raises(ValueError, match="a timeout is a number of seconds"):
        read(near, bytearray(), Request(), timeout=timeout)
    with pytest.raises(ValueError, match="a timeout is a number of seconds"):
        write(near, Response(101), timeout=timeout)
    assert near.sends == []


def test_what_is_no_layer() -> None:
    call: Callable[..., None] = read
    with pytest.raises(TypeError, match="must be a connected socket"):
        call(object(), bytearray(), Request())


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"Content-Length: 1048576\r\n\r\n", b"a" * 4096),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b"a" * 4096 + b"\r\n"),
        (b"\r\n", b"a" * 4096),
    ],
)
def test_memory(head: bytes, piece: bytes) -> None:
    """The limits twice, for what was received and what it says, and an eighth to grow by."""
    near, far = connected_pair()
    far.send(b"HTTP/1.1 200 OK\r\n" + head + piece * 256 + b"0\r\n\r\n" * (b"chunk" in head), None)
    far.shutdown(None)
    limits, response = Limits(), Response()
    tracemalloc.start()
    try:
        read(near, bytearray(), response)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert response.body == b"a" * limits.content
    assert peak < 2 * (limits.head + limits.content) * 9 / 8
