"""The layer over a TLS socket, over real TLS with certificates made for the test."""

import socket
import ssl
from collections.abc import Iterator

import pytest

from beastly.core import Deadline, Layer, TimedOut, layer_over
from beastly.core._tls import TlsLayer, tls_layer
from tests.support.pairs import TlsContexts, socket_pair, tls_pair
from tests.support.threads import Background, run

LARGE = bytes(range(256)) * (4 * 1024 * 1024 // 256)


@pytest.fixture
def pair(tls_contexts: TlsContexts) -> Iterator[tuple[ssl.SSLSocket, ssl.SSLSocket]]:
    with tls_pair(tls_contexts) as sockets:
        yield sockets


Pair = tuple[ssl.SSLSocket, ssl.SSLSocket]


def send_all(layer: Layer, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[layer.send(rest, None) :]


def receive_exactly(layer: Layer, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        data += layer.receive(size - len(data), None)
    return bytes(data)


def test_it_is_a_layer_and_owns_the_mode_of_the_socket(pair: Pair) -> None:
    pair[0].settimeout(2.5)
    layer = TlsLayer(pair[0])
    assert isinstance(layer, Layer)
    assert layer.default_timeout == 2.5
    assert pair[0].gettimeout() == 0.0


def test_tcp_is_told_not_to_delay(pair: Pair) -> None:
    layer_over(pair[0])
    assert pair[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_only_an_ssl_socket_will_do() -> None:
    with socket_pair() as (near, _), pytest.raises(TypeError, match="must be an ssl.SSLSocket"):
        tls_layer(near)


def test_bytes_go_and_come(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    assert near.send(b"abcdef", None) == 6
    assert far.receive(4, Deadline(5)) == b"abcd"
    region = bytearray(8)
    assert far.receive_into(memoryview(region), None) == 2
    assert region == b"ef\0\0\0\0\0\0"
    assert far.send_vector([b"gh", b"ij"], Deadline(5)) == 2
    assert near.receive(9, None) == b"gh"


def test_what_openssl_has_decrypted_already_needs_no_wait(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    near.send(b"abcdef", None)
    assert far.receive(1, None) == b"a"
    # The rest of the record is in OpenSSL; nothing more comes over the descriptor.
    assert far.receive(9, Deadline(0)) == b"bcdef"
    with pytest.raises(TimedOut):
        far.receive(9, Deadline(0))


RECORD = 22
"""What a record adds to its bytes: a header of 5, a type, a tag of 16 (RFC 8446 section 5.2)."""


def await_bytes(sock: ssl.SSLSocket, size: int) -> None:
    """Wait until so many have come over the wire, or all that ever will. The socket must block."""
    socket.socket.recv(sock, size, socket.MSG_PEEK | socket.MSG_WAITALL)


def test_a_region_takes_one_record_after_the_other(pair: Pair) -> None:
    near = TlsLayer(pair[0])
    send_all(near, LARGE[:40000])
    await_bytes(pair[1], 40000 + 3 * RECORD)
    far = TlsLayer(pair[1])
    region = bytearray(50000)
    # As many as are there; that no more has come is no reason to wait.
    assert far.receive_into(memoryview(region), None) == 40000
    assert region == LARGE[:40000] + bytes(10000)


def test_a_region_takes_no_more_than_it_holds(pair: Pair) -> None:
    near = TlsLayer(pair[0])
    send_all(near, LARGE[:40000])
    await_bytes(pair[1], 40000 + 3 * RECORD)
    far = TlsLayer(pair[1])
    assert far.receive_into(memoryview(bytearray(30000)), Deadline(5)) == 30000
    assert receive_exactly(far, 10000) == LARGE[30000:40000]


def test_a_region_does_not_keep_the_lock_for_ever(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    sending = Background(lambda: send_all(near, LARGE))
    region, filled = memoryview(bytearray(len(LARGE))), 0
    while filled < len(LARGE):
        count = far.receive_into(region[filled:], Deadline(5))
        assert 0 < count <= 256 * 1024
        filled += count
    sending.result()
    assert region == LARGE


@pytest.mark.parametrize("notified", [False, True])
def test_the_end_comes_after_what_was_before_it(pair: Pair, notified: bool) -> None:
    near = TlsLayer(pair[0])
    send_all(near, LARGE[:20000])
    if notified:
        near.shutdown(Deadline(5))
    else:
        socket.socket.shutdown(pair[0], socket.SHUT_WR)
    await_bytes(pair[1], 30000)
    far = TlsLayer(pair[1])
    block = bytearray(30000)
    with memoryview(block) as region:
        assert far.receive_into(region, Deadline(5)) == 20000
    assert not far.truncated
    block.append(0)  # Raises while any view is left.
    assert far.receive(1, Deadline(5)) == b""
    assert far.receive_into(memoryview(block), Deadline(5)) == 0
    assert far.truncated is not notified


def test_full_duplex_from_four_threads(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    results = run(
        lambda: send_all(near, LARGE),
        lambda: send_all(far, LARGE[::-1]),
        lambda: receive_exactly(near, len(LARGE)) == LARGE[::-1],
        lambda: receive_exactly(far, len(LARGE)) == LARGE,
    )
    assert results == (None, None, True, True)


def test_a_reader_that_waits_does_not_hold_up_a_sender(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    reader = Background(lambda: near.receive(1, None))
    send_all(near, b"x")
    assert far.receive(1, None) == b"x"
    far.send(b"y", None)
    assert reader.result() == b"y"


def test_sending_ends_at_the_deadline_and_goes_on_with_the_same_bytes(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    rest = memoryview(LARGE * 4)
    size = len(rest)
    with pytest.raises(TimedOut, match="takes no more"):
        while rest:
            rest = rest[near.send(rest, Deadline(0.01)) :]
    assert near.has_begun
    unsent = bytes(rest)
    _, received = run(lambda: send_all(near, unsent), lambda: receive_exactly(far, size))
    assert received == LARGE * 4
    assert not near.has_begun


def test_shutdown_is_an_end_that_nobody_faked(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    near.send(b"last", None)
    near.shutdown(Deadline(5))
    assert far.receive(9, Deadline(5)) == b"last"
    assert far.receive(9, Deadline(5)) == b""
    assert far.receive_into(memoryview(bytearray(1)), Deadline(5)) == 0
    assert not far.truncated
    # The other half goes on (RFC 8446 section 6.1).
    far.send(b"answer", None)
    assert near.receive(9, Deadline(5)) == b"answer"
    far.shutdown(Deadline(5))
    assert near.receive(9, Deadline(5)) == b""
    assert not near.truncated


def test_after_both_ends_nothing_is_taken_for_plain_text(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    near.shutdown(Deadline(5))
    assert far.receive(1, Deadline(5)) == b""
    far.shutdown(Deadline(5))
    assert far.receive(1, Deadline(5)) == b""
    assert far.receive_into(memoryview(bytearray(1)), Deadline(5)) == 0


@pytest.mark.parametrize("into", [False, True])
def test_an_end_without_close_notify_is_a_truncation(pair: Pair, into: bool) -> None:
    near = TlsLayer(pair[0])
    socket.socket.shutdown(pair[1], socket.SHUT_WR)
    if into:
        assert near.receive_into(memoryview(bytearray(1)), Deadline(5)) == 0
    else:
        assert near.receive(1, Deadline(5)) == b""
    assert near.truncated


def test_shutdown_without_room_ends_at_the_deadline(pair: Pair) -> None:
    near = TlsLayer(pair[0])
    with pytest.raises(TimedOut):
        while True:
            near.send(bytes(65536), Deadline(0.01))
    with pytest.raises(TimedOut):
        near.shutdown(Deadline(0.01))


def test_abort_wakes_who_is_waiting(pair: Pair) -> None:
    near = TlsLayer(pair[0])
    with pytest.raises(TimedOut):
        # Takes in the session tickets: bytes that lie unread would make a reset of the abort.
        near.receive(1, Deadline(0.05))
    reader = Background(lambda: near.receive(1, None))
    near.abort()
    assert reader.result() == b""
    with pytest.raises(OSError):
        near.send(b"x", None)
    near.close()
    near.close()
    near.abort()


def test_renewed_keys_and_tickets_are_no_bytes(pair: Pair) -> None:
    """A TLS 1.3 server sends session tickets: readable, and yet nothing is there."""
    near = TlsLayer(pair[0])
    with pytest.raises(TimedOut):
        near.receive(1, Deadline(0.05))


def test_a_receive_without_a_deadline_can_have_a_limit(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    assert near.receive_timeout is None
    near.receive_timeout = 0.002
    with pytest.raises(TimedOut):
        near.receive(1, None)
    far.send(b"x", None)
    assert near.receive(1, Deadline(5)) == b"x"


def test_waiting_for_either_half(pair: Pair) -> None:
    near, far = TlsLayer(pair[0]), TlsLayer(pair[1])
    with pytest.raises(TimedOut):
        # Takes in the session tickets, which make the descriptor readable.
        near.receive(1, Deadline(0.05))
    with pytest.raises(TimedOut):
        while True:
            near.send(bytes(65536), Deadline(0.01))
    with pytest.raises(TimedOut):
        near.wait(Deadline(0.01))
    far.send(b"ab", None)
    near.wait(Deadline(5))
    assert near.receive(1, Deadline(5)) == b"a"
    # In OpenSSL already: the descriptor would not tell.
    near.wait(None)
