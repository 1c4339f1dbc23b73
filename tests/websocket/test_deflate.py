"""The codec of permessage-deflate: RFC 7692 section 7.2."""

import tracemalloc
import zlib
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import Buffer

from beastly.websocket._deflate import Deflater, Inflater, load_backend
from beastly.websocket.error import Error, ProtocolViolation
from beastly.websocket.option import Backend

BACKENDS: tuple[Backend, ...] = get_args(Backend)

HELLO = bytes.fromhex("f2 48 cd c9 c9 07 00")
"""`Hello`, as in section 7.2.3.1."""


def _deflater(
    backend: Backend = "zlib", *, window_bits: int = 15, takes_over: bool = True, level: int = 6
) -> Deflater:
    return Deflater(
        load_backend(backend).new_compressor,
        level=level,
        mem_level=5,
        window_bits=window_bits,
        takes_over=takes_over,
    )


def _inflater(
    backend: Backend = "zlib", *, window_bits: int = 15, takes_over: bool = True
) -> Inflater:
    return Inflater(load_backend(backend), window_bits=window_bits, takes_over=takes_over)


def _inflate(inflater: Inflater, *parts: bytes, limit: int = 1 << 20) -> bytes:
    """Inflate one message that comes in `parts`, `limit` bytes at a time."""
    inflated = b""
    for part in parts:
        if part:
            inflater.feed(part)
        while not inflater.is_dry:
            step = inflater.inflate(limit)
            assert len(step) <= limit
            inflated += step
    inflater.finish()
    return inflated


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param("f2 48 cd c9 c9 07 00", id="7.2.3.1"),
        pytest.param("00 05 00 fa ff 48 65 6c 6c 6f 00", id="7.2.3.3, without compression"),
        pytest.param("f3 48 cd c9 c9 07 00 00", id="7.2.3.4, with BFINAL"),
        pytest.param("f2 48 05 00 00 00 ff ff ca c9 c9 07 00", id="7.2.3.5, two blocks"),
        pytest.param("f3 48 cd c9 c9 07 00", id="BFINAL, and no empty block behind it"),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 5, 6, 100])
@pytest.mark.parametrize("backend", BACKENDS)
def test_worked_examples(backend: Backend, wire: str, limit: int) -> None:
    payload = bytes.fromhex(wire)
    for takes_over in (True, False):
        inflater = _inflater(backend, takes_over=takes_over)
        for _ in range(3):
            assert _inflate(inflater, payload, limit=limit) == b"Hello"
            assert _inflate(inflater, *(bytes([octet]) for octet in payload)) == b"Hello"
            assert _inflate(inflater, payload[:3], b"", payload[3:], limit=limit) == b"Hello"


def test_deflating_the_worked_examples() -> None:
    """Sections 7.2.3.1 and 7.2.3.2: the second message refers to the first one."""
    deflater = _deflater()
    assert deflater.deflate(b"Hello", True) == HELLO
    assert deflater.deflate(memoryview(b"Hello"), True) == bytes.fromhex("f2 00 11 00 00")
    forgetful = _deflater(takes_over=False)
    assert [forgetful.deflate(b"Hello", True) for _ in range(2)] == [HELLO, HELLO]


@pytest.mark.parametrize("backend", BACKENDS)
def test_inflating_what_refers_to_the_message_before(backend: Backend) -> None:
    """Section 7.2.3.2."""
    inflater = _inflater(backend)
    assert _inflate(inflater, HELLO) == b"Hello"
    assert _inflate(inflater, bytes.fromhex("f2 00 11 00 00")) == b"Hello"
    forgetful = _inflater(backend, takes_over=False)
    assert _inflate(forgetful, HELLO) == b"Hello"
    with pytest.raises(ProtocolViolation, match="too far back"):
        _inflate(forgetful, bytes.fromhex("f2 00 11 00 00"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_empty_message(backend: Backend) -> None:
    """Section 7.2.3.6: one byte, whatever came before it."""
    deflater, inflater = _deflater(backend), _inflater(backend)
    for data in (b"", b"", b"Hello", b"", b"Hello", b""):
        payload = deflater.deflate(data, True)
        if not data and backend != "isal":
            assert payload == b"\x00"
        assert _inflate(inflater, payload) == data


class _Thrifty:
    """A compressor that gives nothing where nothing was put in."""

    def compress(self, data: Buffer, /) -> bytes:
        return b""

    def flush(self, mode: int = 0, /) -> bytes:
        return b""


def test_an_empty_message_of_a_compressor_that_gives_nothing() -> None:
    """zlib does so when it is flushed twice; the block that has to be there is made for it."""
    deflater = Deflater(
        lambda *settings: _Thrifty(), level=6, mem_level=5, window_bits=15, takes_over=True
    )
    assert deflater.deflate(b"", False) == b""
    assert deflater.deflate(b"", True) == b"\x00"


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_bytes_at_all_are_an_empty_message(backend: Backend) -> None:
    """Some send that, and it must not spoil the next message."""
    for takes_over in (True, False):
        inflater = _inflater(backend, takes_over=takes_over)
        assert _inflate(inflater) == b""
        assert _inflate(inflater, HELLO) == b"Hello"
        assert _inflate(inflater) == b""
        assert _inflate(inflater, HELLO) == b"Hello"


@pytest.mark.parametrize("takes_over", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
def test_parts(backend: Backend, takes_over: bool) -> None:
    """Each part can be inflated as soon as it is there, whatever part follows."""
    deflater = _deflater(backend, takes_over=takes_over)
    inflater = _inflater(backend, takes_over=takes_over)
    for parts in ([b"Hel", b"lo"], [b"", b"Hello"], [b"Hello", b""], [b"", b"", b""], [b"x"]):
        for part in parts[:-1]:
            payload = deflater.deflate(part, False)
            if payload:
                inflater.feed(payload)
                assert inflater.inflate(100) == part
        payload = deflater.deflate(parts[-1], True)
        assert _inflate(inflater, payload) == parts[-1]


@pytest.mark.parametrize("backend", BACKENDS)
def test_forgetting_what_was_not_sent(backend: Backend) -> None:
    """Between messages and within one, the peer can read what comes then."""
    deflater, inflater = _deflater(backend), _inflater(backend)
    assert _inflate(inflater, deflater.deflate(b"abcdefgh" * 9, True)) == b"abcdefgh" * 9
    deflater.deflate(b"ijklmnop" * 9, True)
    deflater.forget()
    assert _inflate(inflater, deflater.deflate(b"ijklmnop" * 9, True)) == b"ijklmnop" * 9
    first = deflater.deflate(b"ijklmnop", False)
    deflater.deflate(b"qrstuvwx", False)
    deflater.forget()
    assert _inflate(inflater, first, deflater.deflate(b"qrstuvwx", True)) == b"ijklmnopqrstuvwx"


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        pytest.param("ff", "invalid block type", id="no such block"),
        pytest.param("06", "RFC 7692 section 7.2.2", id="a block that is none"),
        pytest.param("f2 48 cd", "it ends inside a block", id="the first fragment of 7.2.3.1"),
        pytest.param("00 05 00 fa ff 48", "it ends inside a block", id="less than announced"),
        pytest.param("00 05 00 fa fe", "invalid stored block lengths", id="lengths that differ"),
        pytest.param("00 05", "invalid stored block lengths", id="cut off in its length"),
        # Dynamic codes that leave combinations of bits without a meaning: isal takes them.
        pytest.param(
            "04c1010100300cc230ad05447457ff8694948c0c55ef91929291a1ea3d5252323254bd474a4a4686"
            "aaf74849c9c850f51e29291919aadefb00",
            "invalid distances set",
            id="an incomplete code of distances",
        ),
        pytest.param(
            "04c1010100300cc230ad0544f457ff8494948c0c45ef91929291a1ea3d5252323254bd474a4a4686"
            "aaf74849c9c850f51e29291919aadefb00",
            "invalid literal/lengths set",
            id="an incomplete code of lengths",
        ),
        pytest.param("73", "it ends inside a block", id="R3.19"),
        pytest.param("f3 48 cd c9 c9 07 00 ff", "invalid block type", id="BFINAL, then nonsense"),
    ],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_broken(backend: Backend, wire: str, message: str) -> None:
    """Section 7.2.2; Beast's R3.19: a block that is cut off."""
    inflater = _inflater(backend)
    with pytest.raises(ProtocolViolation, match=message) as caught:
        _inflate(inflater, bytes.fromhex(wire))
    assert caught.value.code is Error.BAD_COMPRESSED_PAYLOAD
    assert caught.value.code.close_code == 1007


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_window_that_is_too_large_is_refused(backend: Backend) -> None:
    """A message that refers back beyond the agreed window, into those before it, is found out."""
    block = bytes(range(256)) * 3
    messages = [block, bytes(reversed(range(256))) * 8, block]
    deflater = _deflater(window_bits=15)
    payloads = [deflater.deflate(message, True) for message in messages]
    inflater = _inflater(backend, window_bits=15)
    assert [_inflate(inflater, payload) for payload in payloads] == messages
    narrow = _inflater(backend, window_bits=9)
    assert [_inflate(narrow, payload) for payload in payloads[:2]] == messages[:2]
    with pytest.raises(ProtocolViolation, match="too far back"):
        _inflate(narrow, payloads[2])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bomb_comes_out_in_steps(backend: Backend) -> None:
    """No step makes more than it was asked for, nor takes memory for it, however much there is."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(bytes(64 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH)
    inflater = _inflater(backend)
    total = 0
    tracemalloc.start()
    try:
        inflater.feed(bomb)
        while not inflater.is_dry:
            step = inflater.inflate(65536)
            assert len(step) <= 65536
            total += len(step)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == 64 << 20
    assert peak < 1 << 20


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_final_blocks(backend: Backend) -> None:
    """Each ends a compression; ten thousand empty ones in one message are an empty message."""
    assert _inflate(_inflater(backend), b"\x03\x00" * 10_000 + HELLO) == b"Hello"


@pytest.mark.parametrize("level", range(10))
@pytest.mark.parametrize("backend", BACKENDS)
def test_levels(backend: Backend, level: int) -> None:
    data = b"".join(b"%d, " % (number * number) for number in range(3000))
    payload = _deflater(backend, level=level).deflate(data, True)
    assert [_inflate(_inflater(other), payload) for other in BACKENDS] == [data] * len(BACKENDS)


def test_isal_compresses_and_zlib_inflates() -> None:
    """isal's decompressor takes data that are none (see the module)."""
    zlib_, isal = load_backend("zlib"), load_backend("isal")
    assert type(isal.new_decompressor(15)) is type(zlib_.new_decompressor(15))
    assert isal.error is zlib.error
    assert type(isal.new_compressor(6, 15, 5)) is not type(zlib_.new_compressor(6, 15, 5))


@given(
    messages=st.lists(st.lists(st.binary(max_size=600), min_size=1, max_size=4), max_size=6),
    backend=st.sampled_from(BACKENDS),
    other=st.sampled_from(BACKENDS),
    window_bits=st.integers(9, 15),
    takes_over=st.booleans(),
    level=st.integers(0, 9),
    cut=st.integers(1, 700),
    limit=st.integers(1, 700),
)
def test_any_messages(
    messages: list[list[bytes]],
    backend: Backend,
    other: Backend,
    window_bits: int,
    takes_over: bool,
    level: int,
    cut: int,
    limit: int,
) -> None:
    """Any messages in any parts, with any legal parameters, cut anywhere, come out as they were,
    whatever has compressed them and whatever inflates."""
    deflater = _deflater(backend, window_bits=window_bits, takes_over=takes_over, level=level)
    inflater = _inflater(other, window_bits=window_bits, takes_over=takes_over)
    for parts in messages:
        payload = b"".join(
            deflater.deflate(part, number == len(parts)) for number, part in enumerate(parts, 1)
        )
        pieces = [payload[start : start + cut] for start in range(0, len(payload), cut)]
        assert _inflate(inflater, *pieces, limit=limit) == b"".join(parts)


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """A compressed message some bits of which are wrong, or which lacks its end."""
    data = b"".join(draw(st.lists(st.sampled_from([b"one, ", b"two, ", b"\x00" * 99, b"x"]))))
    payload = bytearray(
        _deflater(draw(st.sampled_from(BACKENDS)), level=draw(st.integers(0, 9))).deflate(
            data + draw(st.binary(max_size=300)), True
        )
    )
    for position in draw(st.lists(st.integers(0, len(payload) - 1), max_size=3)):
        payload[position] ^= 1 << draw(st.integers(0, 7))
    return bytes(payload[: draw(st.integers(1, len(payload)))])


@given(
    payload=st.one_of(_damaged(), st.binary(min_size=1, max_size=60)),
    cut=st.integers(1, 400),
    limit=st.integers(1, 700),
)
def test_all_refuse_the_same(payload: bytes, cut: int, limit: int) -> None:
    """Whatever comes, however it is cut, each backend makes the same of it as zlib."""
    pieces = [payload[start : start + cut] for start in range(0, len(payload), cut)]

    def outcome(backend: Backend) -> bytes | Error:
        try:
            return _inflate(_inflater(backend), *pieces, limit=limit)
        except ProtocolViolation as error:
            return error.code

    expected = outcome("zlib")
    assert isinstance(expected, bytes) or expected is Error.BAD_COMPRESSED_PAYLOAD
    assert [outcome(backend) for backend in BACKENDS] == [expected] * len(BACKENDS)
