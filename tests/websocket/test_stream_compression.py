"""Compression as users of a stream meet it: RFC 7692, Beast's cases H5, H6, W10 to W14, R2.24."""

import base64
import hashlib
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import partial
from typing import TypeVar, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly.core import Layer
from beastly.http import Request, Response
from beastly.websocket import (
    CloseReason,
    ConnectionClosed,
    Decorator,
    Error,
    HandshakeFailed,
    MessageTooBig,
    OperationAborted,
    PermessageDeflate,
    PermessageDeflateStatus,
    ProtocolViolation,
    Role,
    Stream,
    TimedOut,
)
from beastly.websocket.option import Backend
from tests.support.fail_count import fail_loop
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.open_stream import Frame, frames_of
from tests.support.receiving import frame
from tests.support.threads import Background, run
from tests.support.wire import KEY, MASKING_KEY

_NextLayer = TypeVar("_NextLayer", bound=Layer)

ON = PermessageDeflate(server_enable=True, client_enable=True)

WIDE = PermessageDeflate(
    server_enable=True, client_enable=True, server_max_window_bits=15, client_max_window_bits=15
)

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

HELLO = bytes.fromhex("f2 48 cd c9 c9 07 00")
AGAIN = bytes.fromhex("f2 00 11 00 00")


class Pair:
    """Two open streams over memory, and the layers below them."""

    def __init__(
        self, client: PermessageDeflate | None = ON, server: PermessageDeflate | None = ON
    ) -> None:
        self.near, self.far = connected_pair()
        self.client, self.server = Stream(self.near), Stream(self.far)
        for stream, option in ((self.client, client), (self.server, server)):
            if option is not None:
                stream.set_option(option)

    def open(self) -> "Pair":
        run(lambda: self.client.handshake("localhost", "/"), self.server.accept)
        self.near.sends.clear()
        self.far.sends.clear()
        return self

    def sent(self, layer: MemoryLayer) -> list[Frame]:
        """The frames that went out at one end since the last look."""
        data = layer.sent
        layer.sends.clear()
        return frames_of(data, masked=layer is self.near)


def _end_of(stream: Stream[MemoryLayer]) -> None:
    """Read until the peer has closed, for whatever reason."""
    with pytest.raises(ConnectionClosed):
        stream.read()


def _open_by_hand(client: Stream[_NextLayer], far: MemoryLayer, parameters: str = "") -> None:
    """Open `client`; the answer to its offer is one that this library might not give."""

    def respond(request: Request) -> None:
        # The response waits on the wire before the request is sent, so nobody has to read that.
        key = request.fields["Sec-WebSocket-Key"].encode()
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        far.send(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n"
            b"Sec-WebSocket-Extensions: permessage-deflate" + parameters.encode() + b"\r\n\r\n",
            None,
        )

    client.set_option(Decorator(request=respond))
    client.handshake("localhost", "/")


def _deflated(data: str | bytes) -> bytes:
    """The payload of a compressed message."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = data.encode() if isinstance(data, str) else data
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


class TestNegotiation:
    def test_both_ends_know_what_was_agreed_on(self) -> None:
        """H5: the smaller of what each wants."""
        client = PermessageDeflate(client_enable=True, client_max_window_bits=14)
        server = PermessageDeflate(
            server_enable=True, server_max_window_bits=9, client_max_window_bits=15
        )
        pair = Pair(client, server)
        for stream in (pair.client, pair.server):
            assert stream.permessage_deflate_status == PermessageDeflateStatus()
        pair.open()
        for stream in (pair.client, pair.server):
            assert stream.permessage_deflate_status == PermessageDeflateStatus(True, 14, 9)
        assert pair.client.get_option(PermessageDeflate) is client
        assert pair.server.get_option(PermessageDeflate) is server

    @pytest.mark.parametrize(
        ("client", "server"),
        [
            (None, ON),
            (ON, None),
            (None, None),
            (PermessageDeflate(server_enable=True), PermessageDeflate(client_enable=True)),
            (ON, PermessageDeflate(client_enable=True, comp_level=9)),
        ],
    )
    def test_unless_both_want_it_there_is_none(
        self, client: PermessageDeflate | None, server: PermessageDeflate | None
    ) -> None:
        """H6."""
        pair = Pair(client, server).open()
        for stream in (pair.client, pair.server):
            assert stream.permessage_deflate_status == PermessageDeflateStatus()
        pair.client.write("Hello")
        assert pair.sent(pair.near) == [(0x81, b"Hello")]
        assert pair.server.read() == "Hello"

    def test_an_option_counts_from_the_next_handshake_on(self) -> None:
        pair = Pair().open()
        pair.client.set_option(PermessageDeflate())
        assert pair.client.permessage_deflate_status.active
        pair.client.write("Hello")
        assert pair.sent(pair.near)[0][0] == 0xC1

    def test_a_refusal_agrees_on_nothing(self) -> None:
        """The next attempt on the same connection negotiates anew."""
        pair = Pair()

        def refuse_once(response: Response) -> None:
            response.status = 401
            pair.server.set_option(Decorator())

        pair.server.set_option(Decorator(response=refuse_once))

        def attempt() -> None:
            with pytest.raises(HandshakeFailed):
                pair.client.handshake("localhost", "/")
            assert not pair.client.permessage_deflate_status.active
            pair.client.handshake("localhost", "/")

        def answer() -> None:
            with pytest.raises(HandshakeFailed):
                pair.server.accept()
            assert not pair.server.permessage_deflate_status.active
            pair.server.accept()

        run(attempt, answer)
        assert pair.client.permessage_deflate_status.active
        assert pair.server.permessage_deflate_status.active

    def test_a_window_that_zlib_does_not_have(self) -> None:
        """A server may ask for 8; then the client's messages go as they are, and all are read."""
        near, far = connected_pair()
        client = Stream(near)
        client.set_option(ON)
        _open_by_hand(client, far, "; client_max_window_bits=8")
        assert client.permessage_deflate_status == PermessageDeflateStatus(True, 8, 15)
        near.sends.clear()
        client.write("Hello")
        assert frames_of(near.sent, masked=True) == [(0x81, b"Hello")]
        far.send(b"\xc1\x07" + HELLO, None)
        assert client.read() == "Hello"

    @pytest.mark.parametrize(
        ("backend", "module"), [("isal", "isal.isal_zlib"), ("zlib-ng", "zlib_ng.zlib_ng")]
    )
    def test_a_backend_that_is_not_installed(
        self, monkeypatch: pytest.MonkeyPatch, backend: Backend, module: str
    ) -> None:
        monkeypatch.setitem(sys.modules, module, None)
        stream = Stream(connected_pair()[0])
        with pytest.raises(ImportError, match=module):
            stream.set_option(PermessageDeflate(client_enable=True, backend=backend))
        assert stream.get_option(PermessageDeflate) == PermessageDeflate()
        stream.set_option(PermessageDeflate(backend=backend))

    def test_who_does_not_use_it_does_not_load_it(self) -> None:
        """Without the modules that a site may load on its own."""
        paths = os.pathsep.join(path for path in sys.path if path)
        code = (
            "import sys, socket; from beastly import websocket\n"
            "near, far = socket.socketpair()\n"
            "for ws in (websocket.Stream(near), websocket.Stream(far)):\n"
            "    ws.set_option(websocket.PermessageDeflate())\n"
            "    ws.close()\n"
            "print([name for name in ('zlib', 'beastly.websocket._deflate')"
            " if name in sys.modules])"
        )
        result = subprocess.run(
            [sys.executable, "-S", "-c", code],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout == "[]\n"


class TestMessages:
    @pytest.mark.parametrize("role", Role)
    def test_the_bytes(self, role: Role) -> None:
        """RFC 7692 sections 7.2.3.1, 7.2.3.2 and 7.2.3.6."""
        pair = Pair(WIDE, WIDE).open()
        stream, layer = (
            (pair.client, pair.near) if role is Role.CLIENT else (pair.server, pair.far)
        )
        stream.write("Hello")
        stream.write("Hello")
        stream.write(b"")
        stream.ping(b"Hello")
        assert pair.sent(layer) == [
            (0xC1, HELLO),
            (0xC1, AGAIN),
            (0xC2, b"\x00"),
            (0x89, b"Hello"),
        ]

    @pytest.mark.parametrize("backend", get_args(Backend))
    @pytest.mark.parametrize("forgets", [False, True])
    def test_a_conversation(self, backend: Backend, forgets: bool) -> None:
        """Both directions, all verbs; W10, R2.26 to R2.33."""
        option = PermessageDeflate(
            server_enable=True,
            client_enable=True,
            server_no_context_takeover=forgets,
            client_no_context_takeover=forgets,
            backend=backend,
        )
        pair = Pair(option, option).open()
        large = b"".join(b"%d, " % (number * number) for number in range(50_000))
        for writer, reader in ((pair.client, pair.server), (pair.server, pair.client)):
            for message in ("Hello", b"", "", "grüezi" * 9, b"\xff" * 300, os.urandom(70_000)):
                writer.write(message)
                assert reader.read() == message
            writer.write(large)
            buffer = bytearray()
            assert reader.read(buffer) == len(large)
            assert buffer == large
            for part in (b"one, ", b"", b"two, "):
                writer.write_some(False, part)
            writer.ping()
            writer.write("three")
            assert reader.read_some(buffer := bytearray(), 3) == 3
            assert reader.read() == b", two, three"
            assert buffer == b"one"
            writer.auto_fragment = True
            writer.write_buffer_bytes = 64
            writer.write(large[:5000])
            assert reader.read_bytes() == large[:5000]
        run(pair.client.close, partial(_end_of, pair.server))
        assert pair.server.reason == CloseReason(1000)

    def test_the_switch(self) -> None:
        """W11: before the handshake and after it."""
        pair = Pair()
        assert pair.client.compress
        pair.client.compress = False
        pair.open()
        pair.client.write("Hello")
        pair.client.compress = True
        pair.client.write("Hello")
        assert pair.client.compress
        assert [first for first, _ in pair.sent(pair.near)] == [0x81, 0xC1]
        assert [pair.server.read(), pair.server.read()] == ["Hello", "Hello"]

    def test_the_threshold(self) -> None:
        """W12, W14."""
        option = PermessageDeflate(client_enable=True, msg_size_threshold=100)
        pair = Pair(option, ON).open()
        pair.client.write("x" * 99)
        pair.client.write("x" * 100)
        (first, payload), (second, compressed) = pair.sent(pair.near)
        assert (first, second) == (0x81, 0xC1)
        assert len(payload) == 99
        assert len(compressed) < 10
        assert [pair.server.read(), pair.server.read()] == ["x" * 99, "x" * 100]

    @given(
        messages=st.lists(st.tuples(st.booleans(), st.binary(max_size=400)), max_size=6),
        client=st.tuples(st.none() | st.integers(9, 15), st.booleans(), st.integers(0, 9)),
        server=st.tuples(st.none() | st.integers(9, 15), st.booleans(), st.integers(0, 9)),
        chunk=st.integers(1, 300),
    )
    def test_any_messages(
        self,
        messages: list[tuple[bool, bytes]],
        client: tuple[int | None, bool, int],
        server: tuple[int | None, bool, int],
        chunk: int,
    ) -> None:
        """Whatever each end is set to, in whatever pieces it arrives."""
        pair = Pair(
            PermessageDeflate(
                client_enable=True,
                client_max_window_bits=client[0],
                client_no_context_takeover=client[1],
                comp_level=client[2],
            ),
            PermessageDeflate(
                server_enable=True,
                server_max_window_bits=server[0],
                server_no_context_takeover=server[1],
                comp_level=server[2],
            ),
        ).open()
        pair.near.chunk = pair.far.chunk = chunk
        for compress, message in messages:
            pair.client.compress = pair.server.compress = compress
            pair.client.write(message)
            pair.server.write(message.hex())
            assert pair.server.read() == message
            assert pair.client.read() == message.hex()


class TestFailures:
    def test_what_timed_out_before_its_first_byte(self) -> None:
        """Nothing of it was sent, and nothing that is sent then refers to it."""
        pair = Pair().open()
        pair.client.write("a text that is remembered")
        assert pair.server.read() == "a text that is remembered"
        pair.near.capacity = 0
        with pytest.raises(TimedOut) as caught:
            pair.client.write("another text, which is not", timeout=0)
        assert caught.value.unsent == 0
        pair.near.capacity = None
        pair.client.write("another text, which is not sent twice")
        assert pair.server.read() == "another text, which is not sent twice"

    @pytest.mark.parametrize("room", [1, 5, 20])
    def test_what_timed_out_in_the_middle(self, room: int) -> None:
        """It goes out before anything else, and what comes then is understood."""
        pair = Pair().open()
        for data in (os.urandom(100), os.urandom(60_000)):
            for write in (pair.client.write, partial(pair.client.write_some, True)):
                pair.near.capacity = room
                with pytest.raises(TimedOut) as caught:
                    write(data, timeout=0)
                assert caught.value.unsent > 0
                pair.near.capacity = None
                pair.client.write("next")
                assert [pair.server.read(), pair.server.read()] == [data, "next"]

    def test_text_that_is_none(self) -> None:
        """Nothing is sent of it; the rest is understood."""
        pair = Pair().open()
        pair.client.text = True
        pair.client.write(b"Hello")
        for wrong in (b"Hello\xff", b"\xff" * 100_000):
            with pytest.raises(ValueError, match="must be valid UTF-8"):
                pair.client.write(wrong)
            with pytest.raises(ValueError, match="must be valid UTF-8"):
                pair.client.write_some(True, wrong)
        pair.client.write(b"Hello")
        assert [pair.server.read(), pair.server.read()] == ["Hello", "Hello"]

    @pytest.mark.parametrize(
        ("option", "wire", "code", "close_code"),
        [
            pytest.param(ON, frame(0xC1, b"\x73", MASKING_KEY), Error.BAD_COMPRESSED_PAYLOAD, 1007),
            pytest.param(ON, frame(0xE1, HELLO, MASKING_KEY), Error.BAD_RESERVED_BITS, 1002),
            pytest.param(None, frame(0xC1, HELLO, MASKING_KEY), Error.BAD_RESERVED_BITS, 1002),
        ],
    )
    def test_the_peer_is_told(
        self, option: PermessageDeflate | None, wire: bytes, code: Error, close_code: int
    ) -> None:
        """R2.25, R3.19, R3.3. Beast ends the connection without a close frame."""
        pair = Pair(option, option).open()
        pair.near.send(wire, None)
        reading = Background(pair.server.read)
        assert pair.near.receive(4, None) == b"\x88\x02" + close_code.to_bytes(2, "big")
        pair.near.shutdown(None)
        with pytest.raises(ProtocolViolation) as caught:
            reading.result()
        assert caught.value.code is code

    @pytest.mark.parametrize("by_parts", [False, True])
    def test_a_message_that_is_too_large_once_inflated(self, by_parts: bool) -> None:
        """R2.24: 128 bytes where 32 are the limit; 32 are not too many."""
        pair = Pair().open()
        pair.server.read_message_max = 32
        pair.client.write(bytes(32))
        assert pair.server.read() == bytes(32)
        pair.client.write(bytes(128))

        def read() -> None:
            if by_parts:
                while pair.server.read_some(bytearray(), 10):
                    pass
            else:
                pair.server.read()

        with pytest.raises(MessageTooBig):
            run(read, partial(_end_of, pair.client))
        assert pair.client.reason == CloseReason(1009)

    def test_a_bomb(self) -> None:
        """The peer's 100 KiB are 100 MiB; the limit ends it, by default too."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
        pair = Pair().open()
        pair.near.send(frame(0xC2, block * 100, MASKING_KEY), None)
        pair.near.shutdown(None)
        with pytest.raises(MessageTooBig, match="16777216"):
            pair.server.read()


def test_an_offer_without_parameters() -> None:
    """What Firefox sends."""
    near, far = connected_pair()
    server = Stream(far)
    server.set_option(ON)
    near.send(
        b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: " + KEY.encode() + b"\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        None,
    )
    server.accept()
    assert b"\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12\r\n" in (
        near.receive(65536, None)
    )
    assert server.permessage_deflate_status == PermessageDeflateStatus(True, 15, 12)


def test_a_fault_in_every_operation() -> None:
    """An error of the transport is told as what it is, and no message comes out wrong."""
    messages = ("Hello", "Hello", b"x" * 100_000)
    answers = b"".join(
        frame(first, payload)
        for first, payload in ((0xC1, HELLO), (0xC1, AGAIN), (0xC2, _deflated(messages[2])))
    )

    def converse(wrap: Callable[[Layer], Layer]) -> None:
        near, far = connected_pair()
        client = Stream(wrap(near))
        client.set_option(WIDE)
        _open_by_hand(client, far)
        far.send(answers, None)
        for message in messages:
            client.write(message)
            assert client.read() == message

    # The request and the response, each message and what comes for it, which is there at once.
    assert fail_loop(converse, errors=(ConnectionResetError, OperationAborted)) >= 6
