"""Any messages, fragments and cuts of the bytes: the same messages; wsproto as second opinion."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.connection import Connection, ConnectionType
from wsproto.events import (
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    TextMessage,
)

from beastly.websocket import CloseReason, ConnectionClosed, Role, TimedOut
from tests.support.open_stream import Frame, Opened, opened

SIZES: Final = st.lists(st.integers(0, 70_000), max_size=6)
PAYLOADS: Final = st.binary(max_size=125)
ROLES: Final = st.sampled_from(Role)

PEER: Final = {Role.CLIENT: ConnectionType.SERVER, Role.SERVER: ConnectionType.CLIENT}


@dataclass
class Sent:
    """A message, how it is cut into frames, and the pings that go between these.

    The message is `unit` so many times, so that large ones are told in a few words.
    """

    unit: str | bytes
    times: int
    sizes: list[int]
    pings: list[bytes]

    @property
    def message(self) -> str | bytes:
        return self.unit * self.times

    @property
    def payload(self) -> bytes:
        return self.message.encode() if isinstance(self.message, str) else self.message

    def frames(self) -> list[Frame]:
        payload = self.payload
        parts: list[bytes] = []
        for size in self.sizes:
            parts.append(payload[:size])
            payload = payload[size:]
        parts.append(payload)
        frames: list[Frame] = []
        pings = iter(self.pings)
        for index, part in enumerate(parts):
            first = (1 if isinstance(self.unit, str) else 2) if index == 0 else 0
            last = index == len(parts) - 1
            frames.append((first | 0x80 * last, part))
            if not last:
                frames += [(0x89, ping) for ping in (next(pings, None),) if ping is not None]
        return frames


SENT: Final = st.builds(
    Sent,
    st.one_of(st.text(max_size=100), st.binary(max_size=100)),
    st.sampled_from([1, 2, 1000]),
    SIZES,
    st.lists(PAYLOADS, max_size=3),
)


def _cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    for size in sizes:
        if data[:size]:
            pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data] if data else pieces


def _read_all(stream: Opened) -> list[str | bytes]:
    """Read the messages that have come, until a read finds nothing on the wire."""
    got: list[str | bytes] = []
    while True:
        try:
            got.append(stream.ws.read(timeout=0))
        except TimedOut:
            if not stream.near.unread:
                return got


@given(ROLES, st.lists(SENT, max_size=5), SIZES)
def test_reading_does_not_depend_on_frames_and_cuts(
    role: Role, sent: list[Sent], cuts: list[int]
) -> None:
    stream = opened(role)
    frames = [frame for each in sent for frame in each.frames()]
    got: list[str | bytes] = []
    for piece in _cut(stream.encode(*frames), cuts):
        stream.far.send(piece, None)
        got += _read_all(stream)
    assert got == [each.message for each in sent]
    assert stream.sent() == [(0x8A, payload) for first, payload in frames if first == 0x89]


@given(ROLES, SENT, SIZES, st.lists(st.integers(1, 70_000), min_size=1, max_size=5))
def test_parts_make_up_the_message(
    role: Role, sent: Sent, cuts: list[int], limits: list[int]
) -> None:
    """`read_some` with any limits, and any other read for the rest."""
    stream = opened(role)
    pieces = _cut(stream.encode(*sent.frames()), cuts)
    got = bytearray()
    turn = 0
    done = False
    while not done:
        try:
            limit = limits[turn % len(limits)]
            turn += 1
            assert stream.ws.read_some(got, limit, timeout=0) <= limit
            done = stream.ws.is_message_done
        except TimedOut:
            stream.far.send(pieces.pop(0), None)
    assert got == sent.payload
    assert not pieces


class Judge:
    """The far end of an open stream, played by wsproto."""

    def __init__(self, stream: Opened) -> None:
        self._stream = stream
        self._wsproto = Connection(PEER[stream.role])
        self.events: list[Event] = []

    def look(self) -> None:
        """Let wsproto take what the stream has sent since the last look."""
        data = self._stream.near.sent
        self._stream.near.sends.clear()
        if data:
            self._wsproto.receive_data(data)
        for event in self._wsproto.events():
            self.events.append(event)
            if isinstance(event, Ping):
                self._stream.far.send(self._wsproto.send(event.response()), None)

    def messages(self) -> list[str | bytes]:
        """The messages that came, put together again."""
        messages: list[str | bytes] = []
        text, binary = "", bytearray()
        for event in self.events:
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    messages.append(text)
                    text = ""
            elif isinstance(event, BytesMessage):
                binary += event.data
                if event.message_finished:
                    messages.append(bytes(binary))
                    binary.clear()
        return messages


def _write_in_parts(stream: Opened, sent: Sent) -> None:
    """Write the frames of `sent` as parts, whole code points or not."""
    stream.ws.text = isinstance(sent.unit, str)
    for first, payload in sent.frames():
        if first == 0x89:
            stream.ws.ping(payload)
        else:
            stream.ws.write_some(first >= 0x80, payload)


def _write_whole(stream: Opened, sent: Sent) -> None:
    stream.ws.write(sent.message)


def _write_fragmented(stream: Opened, sent: Sent) -> None:
    stream.ws.auto_fragment = True
    stream.ws.write_buffer_bytes = max(8, len(sent.message) // 20)
    stream.ws.write(sent.message)


@pytest.mark.parametrize("write", [_write_whole, _write_in_parts, _write_fragmented])
@given(ROLES, st.lists(SENT, max_size=4), PAYLOADS, st.text(max_size=30))
def test_wsproto_reads_what_a_stream_writes(
    write: Callable[[Opened, Sent], None],
    role: Role,
    sent: list[Sent],
    ping: bytes,
    reason: str,
) -> None:
    stream = opened(role)
    judge = Judge(stream)
    for each in sent:
        write(stream, each)
        judge.look()
    stream.ws.ping(ping)
    judge.look()
    pongs: list[bytes] = []
    stream.ws.control_callback = lambda kind, payload: pongs.append(payload)
    with pytest.raises(TimedOut):
        stream.ws.read(timeout=0)
    pings = [event.payload for event in judge.events if isinstance(event, Ping)]
    assert pings[-1] == ping
    assert pongs == pings
    assert judge.messages() == [each.message for each in sent]
    # Nobody answers while the stream waits for it.
    with pytest.raises(TimedOut):
        stream.ws.close(CloseReason(4000, reason), timeout=0)
    judge.look()
    close = judge.events[-1]
    assert isinstance(close, CloseConnection)
    assert (close.code, close.reason or "") == (4000, reason)


@given(ROLES, st.lists(SENT, max_size=4), PAYLOADS, SIZES, st.text(max_size=30))
def test_a_stream_reads_what_wsproto_writes(
    role: Role, sent: list[Sent], pong: bytes, cuts: list[int], reason: str
) -> None:
    stream = opened(role)
    wire = Connection(PEER[role])
    data = b""
    for each in sent:
        if isinstance(each.message, str):
            half = len(each.message) // 2
            data += wire.send(TextMessage(data=each.message[:half], message_finished=False))
            data += wire.send(TextMessage(data=each.message[half:]))
        else:
            data += wire.send(BytesMessage(data=each.message))
    data += wire.send(Pong(payload=pong))
    data += wire.send(CloseConnection(code=4000, reason=reason))
    seen: list[bytes] = []
    stream.ws.control_callback = lambda kind, payload: seen.append(payload)
    got: list[str | bytes] = []
    pieces = _cut(data, cuts)
    for piece in pieces[:-1]:
        stream.far.send(piece, None)
        got += _read_all(stream)
    stream.far.send(pieces[-1], None)
    stream.end()
    with pytest.raises(ConnectionClosed) as caught:
        while True:
            got.append(stream.ws.read())
    assert got == [each.message for each in sent]
    assert caught.value.clean
    assert caught.value.reason == CloseReason(4000, reason)
    assert seen == [pong, reason.encode()]
    wire.receive_data(stream.near.sent)
    assert [type(event) for event in wire.events()] == [CloseConnection]
