"""Any messages, fragmented and cut in any way: what was sent is what is handed out."""

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import BytesMessage, Ping, TextMessage
from wsproto.frame_protocol import FrameProtocol, ParseFailed

from beastly.core import Role
from beastly.websocket._receive import ControlFrame
from beastly.websocket.error import Error
from beastly.websocket.rfc6455 import Opcode
from tests.support.receiving import Event, events_of, frame, ping, receiver

_KEYS = st.binary(min_size=4, max_size=4)
_LIMITS = st.lists(st.integers(1, 40), min_size=1, max_size=5)


@dataclass(frozen=True)
class Sent:
    """A message, the fragments it goes out in, and the pings in front of them."""

    message: str | bytes
    fragments: list[bytes]
    pings: list[bytes | None]

    def wire(self, key: bytes) -> bytes:
        frames = b""
        last = len(self.fragments) - 1
        for index, fragment in enumerate(self.fragments):
            payload = self.pings[index]
            if payload is not None:
                frames += frame(0x89, payload, key)
            opcode = 0x00 if index else 0x01 if isinstance(self.message, str) else 0x02
            frames += frame(opcode | (0x80 if index == last else 0), fragment, key)
        return frames

    def events(self) -> list[Event]:
        return [*(ping(payload) for payload in self.pings if payload is not None), self.message]


@st.composite
def _sent(draw: st.DrawFn) -> Sent:
    message = draw(st.text(max_size=60) | st.binary(max_size=300))
    data = message.encode() if isinstance(message, str) else message
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=4)))
    fragments = [
        data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)
    ]
    pings = [draw(st.none() | st.binary(max_size=10)) for _ in fragments]
    return Sent(message, fragments, pings)


def _cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    while data:
        for size in sizes:
            pieces.append(data[:size])
            data = data[size:]
    return pieces


@settings(max_examples=50)
@given(st.lists(_sent(), max_size=3), st.sampled_from(Role), _KEYS, _LIMITS)
def test_messages(sent: list[Sent], role: Role, key: bytes, sizes: list[int]) -> None:
    key = key if role is Role.SERVER else b""
    wire = b"".join(message.wire(key) for message in sent)
    expected = [event for message in sent for event in message.events()]
    assert events_of([wire], receiver(role)) == expected
    assert events_of(_cut(wire, sizes), receiver(role)) == expected


@given(_sent(), st.sampled_from(Role), _KEYS, _LIMITS, _LIMITS)
def test_parts(sent: Sent, role: Role, key: bytes, sizes: list[int], limits: list[int]) -> None:
    """`some` with any limits, bytes arriving in any pieces: the same bytes in the same order."""
    machine = receiver(role)
    taken = b""
    control: list[ControlFrame] = []
    done = False
    for index, piece in enumerate(_cut(sent.wire(key if role is Role.SERVER else b""), sizes)):
        machine.buffer.feed(piece)
        while (item := machine.some(limits[index % len(limits)])) is not None:
            assert not done
            if isinstance(item, ControlFrame):
                control.append(item)
            else:
                assert len(item) <= limits[index % len(limits)]
                taken += item
                done = machine.message_done
    assert done
    assert taken == b"".join(sent.fragments)
    assert [*control, sent.message] == sent.events()
    assert machine.opcode is (Opcode.TEXT if isinstance(sent.message, str) else Opcode.BINARY)


@given(_sent(), _LIMITS, st.lists(st.booleans(), min_size=1, max_size=6))
def test_both_ways_to_read(sent: Sent, sizes: list[int], whole: list[bool]) -> None:
    """`message` and `some` in turns lose nothing and repeat nothing."""
    machine = receiver()
    taken: list[bytes] = []
    for index, piece in enumerate(_cut(sent.wire(b""), sizes)):
        machine.buffer.feed(piece)
        while True:
            item = machine.message() if whole[index % len(whole)] else machine.some(7)
            if item is None:
                break
            if not isinstance(item, ControlFrame):
                taken.append(item.encode() if isinstance(item, str) else item)
    assert machine.message_done
    assert b"".join(taken) == b"".join(sent.fragments)


@given(st.lists(_sent(), max_size=3))
def test_another_implementation_agrees(sent: list[Sent]) -> None:
    wire = b"".join(message.wire(b"") for message in sent)
    peer = Connection(ConnectionType.CLIENT)
    peer.receive_data(wire)
    events: list[Event] = []
    text, data = "", b""
    for event in peer.events():
        if isinstance(event, Ping):
            events.append(ping(bytes(event.payload)))
        elif isinstance(event, TextMessage):
            text += event.data
            if event.message_finished:
                events.append(text)
                text = ""
        elif isinstance(event, BytesMessage):
            data += event.data
            if event.message_finished:
                events.append(data)
                data = b""
    assert events_of([wire]) == events


@given(st.binary(max_size=40), _LIMITS)
def test_any_bytes(wire: bytes, sizes: list[int]) -> None:
    """No input breaks the machine, and none is read differently when it is cut differently."""
    events = events_of([wire])
    assert events_of(_cut(wire, sizes)) == events
    assert all(isinstance(event, str | bytes | ControlFrame | Error) for event in events)


@given(st.binary(max_size=40))
def test_what_is_refused(wire: bytes) -> None:
    """What another implementation refuses is refused here; close frames are the stream's."""
    peer = FrameProtocol(client=True, extensions=[])
    peer.receive_bytes(wire)
    try:
        for _ in peer.received_frames():
            pass
    except ParseFailed:
        events = events_of([wire])
        assert isinstance(events[-1], Error) or _is_close(events[-1])


def _is_close(event: Event) -> bool:
    return isinstance(event, ControlFrame) and event.opcode is Opcode.CLOSE
