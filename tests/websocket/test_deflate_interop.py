"""Compressed messages exchanged with wsproto and websockets, under any parameters.

Each negotiation is a real one: the offer of one side, the answer of the other, through the text
that stands in Sec-WebSocket-Extensions. Then both sides send each other the same messages.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions import permessage_deflate as websockets_deflate
from websockets.frames import Frame as TheirFrame
from websockets.frames import Opcode as TheirOpcode
from websockets.streams import StreamReader
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate
from wsproto.frame_protocol import FrameProtocol

from beastly.core import ReceiveBuffer, Role
from beastly.http.rfc9110 import extension_list
from beastly.websocket._deflate import codec
from beastly.websocket._deflate_negotiation import (
    NAME,
    Parameters,
    agree,
    answer,
    check_answer,
    offer,
    parse,
)
from beastly.websocket._receive import Receiver
from beastly.websocket._send import Sender
from beastly.websocket.option import PermessageDeflate
from beastly.websocket.rfc6455 import Opcode
from tests.support.receiving import events_of

_Result = TypeVar("_Result")

Messages: TypeAlias = list[tuple[bool, list[str]]]
"""For each message whether it is text, and its parts; of binary ones as Latin-1."""


class Peer(Protocol):
    """Another implementation after a negotiation."""

    def send(self, text: bool, parts: list[bytes]) -> bytes:
        """Return the frames of a message."""
        ...

    def receive(self, wire: bytes) -> list[tuple[bool, bytes]]:
        """Return the messages that `wire` brings, whether each is text, and its bytes."""
        ...


class _Wsproto:
    def __init__(self, is_client: bool, extension: WsprotoDeflate) -> None:
        self._protocol = FrameProtocol(client=is_client, extensions=[extension])

    def send(self, text: bool, parts: list[bytes]) -> bytes:
        return b"".join(
            self._protocol.send_data(part.decode() if text else part, number == len(parts))
            for number, part in enumerate(parts, 1)
        )

    def receive(self, wire: bytes) -> list[tuple[bool, bytes]]:
        messages: list[tuple[bool, bytes]] = []
        data = b""
        self._protocol.receive_bytes(wire)
        for frame in self._protocol.received_frames():
            assert isinstance(frame.payload, str | bytes | bytearray)
            text = isinstance(frame.payload, str)
            data += frame.payload.encode() if isinstance(frame.payload, str) else frame.payload
            if frame.message_finished:
                messages.append((text, data))
                data = b""
        return messages


class _Websockets:
    def __init__(self, is_client: bool, extension: websockets_deflate.PerMessageDeflate) -> None:
        self._masks = is_client
        self._extension = extension

    def send(self, text: bool, parts: list[bytes]) -> bytes:
        wire = b""
        opcode = TheirOpcode.TEXT if text else TheirOpcode.BINARY
        for number, part in enumerate(parts, 1):
            frame = TheirFrame(opcode, part, number == len(parts))
            wire += frame.serialize(mask=self._masks, extensions=[self._extension])
            opcode = TheirOpcode.CONT
        return wire

    def receive(self, wire: bytes) -> list[tuple[bool, bytes]]:
        messages: list[tuple[bool, bytes]] = []
        text, data = False, b""
        reader = StreamReader()
        reader.feed_data(wire)
        reader.feed_eof()
        while not _run(reader.at_eof()):
            frame = _run(
                TheirFrame.parse(
                    reader.read_exact, mask=not self._masks, extensions=[self._extension]
                )
            )
            if frame.opcode is not TheirOpcode.CONT:
                text = frame.opcode is TheirOpcode.TEXT
            data += frame.data
            if frame.fin:
                messages.append((text, data))
                data = b""
        return messages


def _run(steps: Generator[None, None, _Result]) -> _Result:
    """Run a parser that has all its bytes."""
    try:
        next(steps)
    except StopIteration as end:
        result: _Result = end.value
        return result
    raise AssertionError("the parser waits for more bytes")


@dataclass(frozen=True)
class Theirs:
    """What another implementation is set to."""

    server_no_context_takeover: bool
    client_no_context_takeover: bool
    server_max_window_bits: int | None
    client_max_window_bits: int | None


def _parsed(text: str) -> Parameters:
    ((name, raw),) = extension_list([text])
    assert name == NAME
    return parse(raw)


def _wsproto_server(theirs: Theirs, offered: Parameters) -> tuple[Peer, Parameters]:
    extension = WsprotoDeflate(**vars(theirs))
    accepted = extension.accept(str(offered))
    text = f"{NAME}; {accepted}" if isinstance(accepted, str) and accepted else NAME
    return _Wsproto(False, extension), _parsed(text)


def _websockets_server(theirs: Theirs, offered: Parameters) -> tuple[Peer, Parameters]:
    factory = websockets_deflate.ServerPerMessageDeflateFactory(**vars(theirs))
    ((_, raw),) = extension_list([str(offered)])
    accepted, extension = factory.process_request_params(raw, [])
    return _Websockets(False, extension), parse(accepted)


def _wsproto_client(theirs: Theirs, option: PermessageDeflate) -> tuple[Peer, Parameters]:
    extension = WsprotoDeflate(**vars(theirs))
    offered = extension.offer()
    text = f"{NAME}; {offered}" if isinstance(offered, str) else NAME
    accepted = answer(extension_list([text]), option)
    assert accepted is not None
    extension.finalize(str(accepted))
    return _Wsproto(True, extension), accepted


def _websockets_client(theirs: Theirs, option: PermessageDeflate) -> tuple[Peer, Parameters]:
    bits = theirs.client_max_window_bits
    factory = websockets_deflate.ClientPerMessageDeflateFactory(
        theirs.server_no_context_takeover,
        theirs.client_no_context_takeover,
        theirs.server_max_window_bits,
        True if bits is None else bits,
    )
    accepted = answer([(NAME, list(factory.get_request_params()))], option)
    assert accepted is not None
    ((_, raw),) = extension_list([str(accepted)])
    return _Websockets(True, factory.process_response_params(raw, [])), accepted


_WINDOWS = st.none() | st.integers(9, 15)

_OPTIONS = st.builds(
    PermessageDeflate,
    server_enable=st.just(True),
    client_enable=st.just(True),
    server_max_window_bits=_WINDOWS,
    client_max_window_bits=_WINDOWS,
    server_no_context_takeover=st.booleans(),
    client_no_context_takeover=st.booleans(),
    comp_level=st.integers(0, 9),
    mem_level=st.integers(1, 9),
    msg_size_threshold=st.sampled_from([0, 10]),
    backend=st.sampled_from(["zlib", "zlib-ng", "isal"]),
)

_THEIRS = st.builds(Theirs, st.booleans(), st.booleans(), _WINDOWS, _WINDOWS)

_MESSAGES: st.SearchStrategy[Messages] = st.lists(
    st.tuples(
        st.booleans(),
        st.lists(st.text(st.characters(max_codepoint=255), max_size=200), min_size=1, max_size=3),
    ),
    max_size=5,
)


@pytest.mark.parametrize("server", [_wsproto_server, _websockets_server])
@given(option=_OPTIONS, theirs=_THEIRS, messages=_MESSAGES, cut=st.integers(1, 400))
def test_our_client(
    server: Callable[[Theirs, Parameters], tuple[Peer, Parameters]],
    option: PermessageDeflate,
    theirs: Theirs,
    messages: Messages,
    cut: int,
) -> None:
    offered = offer(option)
    if offered.server_no_context_takeover and server is _wsproto_server:
        # It would forget without saying so.
        theirs = Theirs(True, *list(vars(theirs).values())[1:])
    peer, accepted = server(theirs, offered)
    check_answer(accepted, offered)
    _converse(Role.CLIENT, option, accepted, peer, messages, cut)


@pytest.mark.parametrize("client", [_wsproto_client, _websockets_client])
@given(option=_OPTIONS, theirs=_THEIRS, messages=_MESSAGES, cut=st.integers(1, 400))
def test_our_server(
    client: Callable[[Theirs, PermessageDeflate], tuple[Peer, Parameters]],
    option: PermessageDeflate,
    theirs: Theirs,
    messages: Messages,
    cut: int,
) -> None:
    if client is _wsproto_client and theirs.client_max_window_bits is None:
        # It offers no limit of its own window then, so none can be asked for.
        option = PermessageDeflate(server_enable=True, comp_level=option.comp_level)
    peer, accepted = client(theirs, option)
    _converse(Role.SERVER, option, accepted, peer, messages, cut)


def _converse(
    role: Role,
    option: PermessageDeflate,
    accepted: Parameters,
    peer: Peer,
    messages: Messages,
    cut: int,
) -> None:
    """Exchange `messages` in both directions, ours cut as they come."""
    deflater, inflater = codec(option, agree(accepted, option, role), role)
    assert deflater is not None
    sender = Sender(role, deflater=deflater)
    sender.deflated_min = option.msg_size_threshold
    receiver = Receiver(role, ReceiveBuffer(), inflater=inflater)
    for text, written in messages:
        parts = [part.encode("utf-8" if text else "latin-1") for part in written]
        opcode = Opcode.TEXT if text else Opcode.BINARY
        wire = b"".join(
            buffer
            for number, part in enumerate(parts, 1)
            for piece in sender.pieces(opcode, memoryview(part), number == len(parts))
            for buffer in piece.buffers
        )
        assert peer.receive(wire) == [(text, b"".join(parts))]
        wire = peer.send(text, parts)
        pieces = [wire[at : at + cut] for at in range(0, len(wire), cut)]
        message = b"".join(parts)
        assert events_of(pieces, receiver) == [message.decode() if text else message]
