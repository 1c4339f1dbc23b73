"""Every operation on the layer fails once, in every verb: the error and the state after it.

After Beast's fault loops (section 5 of its tests): a fault may surface, but never as a hang or as a
success that was none.
"""

from collections.abc import Callable
from typing import Final

import pytest

from beastly.websocket import (
    BeastlyError,
    CloseReason,
    ConnectionClosed,
    OperationAborted,
    Role,
    Stream,
    TimedOut,
)
from tests.support.fail_count import FailCount, FailingLayer
from tests.support.memory_layer import connected_pair
from tests.support.open_stream import Frame, frames_of, open_client, open_server
from tests.support.receiving import frame
from tests.support.wire import MASKING_KEY

NEVER: Final = 1_000_000
LARGE: Final = bytes(range(256)) * 400

CONVERSATION: Final[list[Frame]] = [
    (0x81, b"first"),
    (0x89, b"ping"),
    (0x01, b"in "),
    (0x80, b"parts"),
    (0x82, LARGE),
    (0x88, b"\x03\xe9"),
]
MESSAGES: Final[list[str | bytes]] = ["first", "in parts", LARGE]


class Faulty:
    """An open stream in `role` whose operation number `fail_at` fails, and all that follow.

    Without `make_error` it times out instead, and those that follow do not fail.
    """

    def __init__(
        self,
        role: Role,
        fail_at: int,
        make_error: Callable[[str], OSError] | None = None,
        frames: list[Frame] = CONVERSATION,
    ) -> None:
        self.role = role
        self.count = FailCount(NEVER, make_error or self._cut_off)
        self.near, self.far = connected_pair()
        self.ws: Stream[FailingLayer] = Stream(self.count.wrap(self.near))
        if role is Role.CLIENT:
            open_client(self.ws, lambda data: self.far.send(data, None))
        else:
            open_server(self.ws)
        key = MASKING_KEY if role is Role.SERVER else b""
        for first, payload in frames:
            self.far.send(frame(first, payload, key), None)
        self.far.shutdown(None)
        self.near.sends.clear()
        self.near.chunk = 30_000
        self.count.operations = 0
        self.count.fail_at = fail_at

    def mend(self) -> None:
        """Let no further operation fail."""
        self.count.fail_at = NEVER

    def _cut_off(self, detail: str) -> OSError:
        self.mend()
        return TimedOut(detail)

    def sent(self) -> list[Frame]:
        return frames_of(self.near.sent, masked=self.role is Role.CLIENT)


def _reset(detail: str) -> OSError:
    return ConnectionResetError(detail)


def _timeout(detail: str) -> OSError:
    return TimedOut(detail)


@pytest.mark.parametrize("role", Role)
def test_a_read_that_fails(role: Role) -> None:
    """What came before is read; then the error, once; then the stream has failed."""
    fail_at = 1
    while True:
        it = Faulty(role, fail_at, _reset)
        got: list[str | bytes] = []
        with pytest.raises((ConnectionResetError, ConnectionClosed)) as caught:
            while True:
                got.append(it.ws.read())
        assert got == MESSAGES[: len(got)]
        assert not it.ws.is_open
        assert it.near.closed
        with pytest.raises(OperationAborted):
            it.ws.read()
        it.ws.close()
        if isinstance(caught.value, ConnectionClosed):
            assert got == MESSAGES
            assert caught.value.clean == ((0x88, b"\x03\xe9") in it.sent())
        if not it.count.reached:
            break
        fail_at += 1
    assert fail_at > 6


@pytest.mark.parametrize("role", Role)
def test_a_read_that_is_cut_off_goes_on(role: Role) -> None:
    """As a timeout or a signal cuts it off, at every operation: nothing is lost."""
    fail_at = 1
    while True:
        it = Faulty(role, fail_at)
        got: list[str | bytes] = []
        while it.ws.is_open:
            try:
                got.append(it.ws.read())
            except TimedOut as error:
                assert error.unsent == 0
            except ConnectionClosed as end:
                assert end.reason == CloseReason(1001)
        assert got == MESSAGES
        assert it.near.closed
        if it.count.operations < fail_at:
            break
        fail_at += 1
    assert fail_at > 6


VERBS: Final[list[Callable[[Stream[FailingLayer]], object]]] = [
    lambda ws: ws.write("first"),
    lambda ws: ws.write(LARGE),
    lambda ws: ws.ping(b"ping"),
    lambda ws: ws.write_some(False, b"part"),
    lambda ws: ws.write_some(True, LARGE),
    lambda ws: ws.pong(),
]
WRITTEN: Final[list[Frame]] = [
    (0x81, b"first"),
    (0x82, LARGE),
    (0x89, b"ping"),
    (0x02, b"part"),
    (0x80, LARGE),
    (0x8A, b""),
]


@pytest.mark.parametrize("role", Role)
def test_a_write_that_fails(role: Role) -> None:
    """No frame is begun behind half a frame, and what came from the peer can still be read."""
    fail_at = 1
    while True:
        it = Faulty(role, fail_at, _reset)
        failures = 0
        for verb in VERBS:
            try:
                verb(it.ws)
            except ConnectionResetError:
                failures += 1
        if not it.count.reached:
            assert it.sent() == WRITTEN
            break
        assert failures > 0
        assert it.ws.is_open
        whole = Faulty(role, NEVER, _reset)
        for verb in VERBS:
            verb(whole.ws)
        assert len(it.near.sent) < len(whole.near.sent)
        it.mend()
        assert it.ws.read() == "first"
        fail_at += 1
    assert fail_at > 6


@pytest.mark.parametrize("role", Role)
def test_a_write_that_is_cut_off_goes_on(role: Role) -> None:
    """Each message goes out once: by itself, or before the next if it was begun."""
    fail_at = 1
    while True:
        it = Faulty(role, fail_at)
        for verb in VERBS:
            try:
                verb(it.ws)
            except TimedOut as error:
                if not error.unsent:
                    verb(it.ws)
        is_through = it.count.operations < fail_at
        it.mend()
        it.ws.ping(b"end")
        assert it.sent() == [*WRITTEN, (0x89, b"end")]
        if is_through:
            break
        fail_at += 1
    assert fail_at > 6


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("make_error", [_reset, _timeout])
def test_a_close_that_fails(role: Role, make_error: Callable[[str], OSError]) -> None:
    """However far it came, the stream has ended and the layer is released."""
    fail_at = 1
    outcomes: set[type[BaseException] | None] = set()
    while True:
        it = Faulty(role, fail_at, make_error)
        try:
            it.ws.close()
            outcomes.add(None)
        except (OSError, BeastlyError) as error:
            outcomes.add(type(error))
        assert it.near.closed
        assert not it.ws.is_open
        assert it.sent() in ([], [(0x88, b"\x03\xe8")])
        with pytest.raises(OperationAborted):
            it.ws.write("x")
        it.ws.close()
        if not it.count.reached:
            break
        fail_at += 1
    assert fail_at > 4
    # A fault after the close frames is no news.
    assert outcomes == {None, TimedOut if make_error is _timeout else ConnectionResetError}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("make_error", [_reset, _timeout])
def test_a_fault_of_the_peer_while_operations_fail(
    role: Role, make_error: Callable[[str], OSError]
) -> None:
    """The peer's fault is what is told, whether or not the peer could be told of it."""
    fail_at = 2
    while True:
        it = Faulty(role, fail_at, make_error, [(0x83, b"")])
        with pytest.raises(BeastlyError, match="the opcode must be"):
            it.ws.read()
        assert it.near.closed
        assert it.sent() in ([], [(0x88, b"\x03\xea")])
        if not it.count.reached:
            break
        fail_at += 1
    assert fail_at > 3
