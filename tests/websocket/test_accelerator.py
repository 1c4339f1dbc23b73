"""The functions in C do what those in Python do: RFC 6455 sections 5.2 and 5.3."""

import inspect
import sys
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from mmap import mmap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typing_extensions import Buffer

from beastly.websocket import _frame, _mask
from tests.support.compiler import compile_c, compiler
from tests.support.wire import MASKING_KEY

NAME = "beastly.websocket._accelerator"
SOURCE = Path(_mask.__file__).with_name("_accelerator.c")
BUILT = find_spec(NAME) is not None

if TYPE_CHECKING or BUILT:
    from beastly.websocket import _accelerator

# That it is there wherever it can be built is a test of `_codec`.
needs_accelerator = pytest.mark.skipif(not BUILT, reason="this machine has no C compiler")

# The lengths at which a loop over words, or over vectors of them, changes its way.
_SIZES = [
    *range(601),
    *(around for power in range(10, 18) for around in range(2**power - 2, 2**power + 3)),
]

_UNLOCKED = 1 << 20
"""From this size on other threads run meanwhile."""


def _octets(size: int) -> bytes:
    return (bytes(index * 7 % 251 for index in range(251)) * (size // 251 + 1))[:size]


def _mapped(data: bytes) -> mmap:
    mapped = mmap(-1, max(1, len(data)))  # There are none of no bytes.
    mapped[: len(data)] = data
    return mapped


@needs_accelerator
def test_example_of_the_specification() -> None:
    """RFC 6455 section 5.7: a masked text message."""
    assert _accelerator.mask(b"Hello", MASKING_KEY) == b"\x7f\x9f\x4d\x51\x58"
    block = bytearray(b"\x7f\x9f\x4d\x51\x58")
    _accelerator.mask_in_place(block, MASKING_KEY)
    assert block == b"Hello"


@needs_accelerator
def test_every_length() -> None:
    for size in _SIZES:
        data = _octets(size)
        expected = _mask.mask(data, MASKING_KEY)
        assert _accelerator.mask(data, MASKING_KEY) == expected
        block = bytearray(data)
        _accelerator.mask_in_place(block, MASKING_KEY)
        assert block == expected


@needs_accelerator
@pytest.mark.parametrize("offset", range(16))
def test_every_alignment(offset: int) -> None:
    """Nothing is touched beside the region, wherever it begins and ends."""
    for size in [*range(140), 4096, 4099]:
        before, data, after = b"<" * (offset + 1), _octets(size), b">" * 16
        block = bytearray(before + data + after)
        expected = _mask.mask(data, MASKING_KEY)
        with memoryview(block)[offset + 1 : offset + 1 + size] as region:
            assert _accelerator.mask(region, MASKING_KEY) == expected
            assert block == before + data + after
            _accelerator.mask_in_place(region, MASKING_KEY)
        assert block == before + expected + after


@needs_accelerator
@given(st.binary(max_size=2000), st.integers(0, 15), st.binary(min_size=4, max_size=4))
@example(b"\xff" * 9, 1, b"\0\0\0\x80")
def test_any_data_and_key(data: bytes, offset: int, key: bytes) -> None:
    view = memoryview(data)[offset:]
    expected = _mask.mask(view, key)
    assert _accelerator.mask(view, key) == expected
    block = bytearray(view)
    _accelerator.mask_in_place(block, key)
    assert block == expected


def _buffers(data: bytes) -> Iterator[Buffer]:
    """Every kind of buffer with the bytes of `data`, which fill words of four."""
    yield data
    yield bytearray(data)
    yield memoryview(data)
    yield memoryview(bytearray(data)).cast("I")
    yield array("I", data)
    yield _mapped(data)


@needs_accelerator
@pytest.mark.parametrize("size", [4, 24, 1024, 65536])
def test_every_kind_of_buffer(size: int) -> None:
    data = _octets(size)
    expected = _mask.mask(data, MASKING_KEY)
    for buffer in _buffers(data):
        assert _accelerator.mask(buffer, MASKING_KEY) == expected
        if memoryview(buffer).readonly:
            continue
        _accelerator.mask_in_place(buffer, MASKING_KEY)
        assert bytes(memoryview(buffer)) == expected


@needs_accelerator
def test_what_is_masked_is_plain_bytes() -> None:
    assert type(_accelerator.mask(bytearray(9), MASKING_KEY)) is bytes
    assert _accelerator.mask(b"", MASKING_KEY) == b""


@needs_accelerator
def test_buffers_are_let_go() -> None:
    block = bytearray(9)
    _accelerator.mask(block, MASKING_KEY)
    _accelerator.mask_in_place(block, MASKING_KEY)
    with pytest.raises(ValueError, match="4 bytes"):
        _accelerator.mask(block, b"")
    block.append(0)  # Raises while any view is left.


@needs_accelerator
def test_nothing_is_kept() -> None:
    data, key = bytearray(9), bytes(bytearray(b"1234"))
    before = sys.getrefcount(data), sys.getrefcount(key)
    for _ in range(100):
        _accelerator.mask(data, key)
        _accelerator.mask_in_place(data, key)
        with pytest.raises(BufferError):
            _accelerator.mask(memoryview(data)[::2], key)
    assert (sys.getrefcount(data), sys.getrefcount(key)) == before


@needs_accelerator
@pytest.mark.parametrize("name", ["mask", "mask_in_place"])
def test_refused_arguments(name: str) -> None:
    function: Callable[..., object] = getattr(_accelerator, name)
    block = bytearray(b"abcdefgh")
    for key in (b"", b"123", b"12345"):
        with pytest.raises(ValueError, match=f"a masking key has 4 bytes, not {len(key)}"):
            function(block, key)
    for wrong in (bytearray(4), memoryview(b"1234"), "1234", None, 4):
        with pytest.raises(TypeError):
            function(block, wrong)
    for text in ("text", None, [1, 2]):
        with pytest.raises(TypeError):
            function(text, MASKING_KEY)
    for arguments in ((), (block,), (block, MASKING_KEY, 0)):
        with pytest.raises(TypeError, match=f"takes exactly 2 .* \\({len(arguments)} given\\)"):
            function(*arguments)
    with pytest.raises(TypeError, match="keyword"):
        function(block, key=MASKING_KEY)
    for gaps in (memoryview(block)[::2], memoryview(block)[::-1]):
        with pytest.raises(BufferError):
            function(gaps, MASKING_KEY)
    released = memoryview(block)
    released.release()
    with pytest.raises(ValueError, match="released"):
        function(released, MASKING_KEY)
    assert block == b"abcdefgh"


@needs_accelerator
@pytest.mark.parametrize("region", [b"abcd", memoryview(b"abcd"), memoryview(b"ab").toreadonly()])
def test_a_region_that_cannot_be_written(region: Buffer) -> None:
    with pytest.raises(BufferError):
        _accelerator.mask_in_place(region, MASKING_KEY)
    assert bytes(region) in (b"abcd", b"ab")


@needs_accelerator
def test_blocks() -> None:
    """Whatever is in them, they are as long as was asked, and each is another one."""
    for size in [0, 1, 2, 31, 4096, _UNLOCKED]:
        one, another = _accelerator.block(size), _accelerator.block(size)
        assert type(one) is bytes
        assert len(one) == size
        assert one is not another or not size


@needs_accelerator
def test_refused_blocks() -> None:
    function: Callable[..., object] = _accelerator.block
    for size in (-1, -(2**70), 2**70, "1", b"1", 1.0, None):
        with pytest.raises((ValueError, OverflowError, TypeError)):
            function(size)
    with pytest.raises(ValueError, match="negative count"):  # As Python's own.
        function(-1)
    with pytest.raises(MemoryError):
        function(sys.maxsize // 2)


@needs_accelerator
def test_large_blocks_at_once() -> None:
    """So large that several threads are in the functions at the same time."""
    data = _octets(_UNLOCKED + 5)
    expected = _mask.mask(data, MASKING_KEY)

    def work(_: int) -> bool:
        block = bytearray(data)
        _accelerator.mask_in_place(block, MASKING_KEY)
        return block == expected == _accelerator.mask(data, MASKING_KEY)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(16)))


@needs_accelerator
@given(
    st.integers(0, 15) | st.integers(0x41, 0x42),
    st.binary(max_size=600) | st.sampled_from([65535, 65536, 70000]).map(bytes),
    st.integers(0, 15),
    st.just(b"") | st.binary(min_size=4, max_size=4),
)
def test_any_frame(opcode: int, payload: bytes, offset: int, key: bytes) -> None:
    view = memoryview(payload)[offset:]
    assert _accelerator.frame(opcode, view, key) == _frame.frame(opcode, view, key)


@needs_accelerator
def test_frames_of_every_length() -> None:
    for size in _SIZES:
        payload = _octets(size)
        assert _accelerator.frame(2, payload) == _frame.frame(2, payload)
        assert _accelerator.frame(1, payload, MASKING_KEY) == _frame.frame(1, payload, MASKING_KEY)


@needs_accelerator
def test_a_frame_of_every_kind_of_buffer() -> None:
    for buffer in _buffers(_octets(1024)):
        payload = memoryview(buffer).tobytes()
        assert _accelerator.frame(2, buffer, MASKING_KEY) == _frame.frame(2, payload, MASKING_KEY)


@needs_accelerator
def test_frames_that_cannot_be_made() -> None:
    make: Callable[..., object] = _accelerator.frame
    for count in (0, 1, 4):
        with pytest.raises(TypeError, match=f"takes 2 or 3 .* \\({count} given\\)"):
            make(*range(count))
    for key in (b"123", b"12345"):
        with pytest.raises(ValueError, match=f"a masking key has 4 bytes, not {len(key)}"):
            make(2, b"", key)
    for arguments in (("2", b""), (2, "text"), (2, None), (2, b"", bytearray(4)), (2.0, b"")):
        with pytest.raises(TypeError):
            make(*arguments)
    with pytest.raises(OverflowError):
        make(2**80, b"")
    with pytest.raises(BufferError):
        make(2, memoryview(b"abcd")[::2])


_LENGTHS = [0, 1, 2, 5, 124, 125, 126, 127, 128, 255, 256, 1000, 32768, 65535, 65536]


@needs_accelerator
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("limit", [0, 126, 65535, 2**63, 2**80])
def test_any_first_byte_and_length(masked: bool, limit: int) -> None:
    """Written out whole, cut off by one byte, and with trailing data."""
    for first in range(256):
        for length in _LENGTHS:
            header = _frame.frame_header(0x2, True, length, MASKING_KEY if masked else b"")
            wire = b"<<<" + bytes([first]) + header[1:] + bytes(length)
            for data in (wire, wire[:-1], wire + b"more"):
                expected = _frame.whole_frame(data, 3, masked, limit)
                assert _accelerator.whole_frame(data, 3, masked, limit) == expected


@needs_accelerator
@given(
    st.binary(max_size=20).map(lambda head: b"\x82" + head) | st.binary(max_size=20),
    st.integers(0, 300),
    st.booleans(),
    st.integers(-1, 200),
)
def test_any_bytes(head: bytes, more: int, masked: bool, limit: int) -> None:
    data = head + bytes(more)
    for position in range(len(head) + 1):
        expected = _frame.whole_frame(data, position, masked, limit)
        assert _accelerator.whole_frame(data, position, masked, limit) == expected


@needs_accelerator
def test_messages_that_cannot_be_looked_for() -> None:
    find: Callable[..., object] = _accelerator.whole_frame
    for count in (0, 3, 5):
        with pytest.raises(TypeError, match=f"takes exactly 4 .* \\({count} given\\)"):
            find(*range(count))
    for position in (-2, -1, 5):
        with pytest.raises(ValueError, match=f"position {position} is not in the 4 bytes"):
            find(b"\x82\x00ab", position, False, 0)
    for arguments in (
        (bytearray(4), 0, False, 0),
        ("text", 0, False, 0),
        (b"", "0", False, 0),
        (b"", 0, False, "0"),
        (b"", 0.0, False, 0),
    ):
        with pytest.raises(TypeError):
            find(*arguments)


@needs_accelerator
def test_frames_keep_nothing() -> None:
    payload, key = bytearray(300), bytes(bytearray(b"1234"))
    wire = _frame.frame(2, bytes(payload), key)
    before = sys.getrefcount(payload), sys.getrefcount(key), sys.getrefcount(wire)
    for _ in range(100):
        _accelerator.frame(2, payload, key)
        assert _accelerator.whole_frame(wire, 0, True, 0) is not None
        assert _accelerator.whole_frame(wire, 0, False, 0) is None
    assert (sys.getrefcount(payload), sys.getrefcount(key), sys.getrefcount(wire)) == before


@needs_accelerator
@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("frame", _frame.frame),
        ("mask", _mask.mask),
        ("mask_in_place", _mask.mask_in_place),
        ("whole_frame", _frame.whole_frame),
    ],
)
def test_parameters_are_those_in_python(name: str, reference: Callable[..., object]) -> None:
    in_c, in_python = (
        [
            (parameter.name, parameter.kind, parameter.default)
            for parameter in inspect.signature(function).parameters.values()
        ]
        for function in (getattr(_accelerator, name), reference)
    )
    assert in_c == in_python


_ABIS = ["-DPy_LIMITED_API=0x030B0000", "-UPy_LIMITED_API"]
if sys.version_info >= (3, 13):
    _ABIS.append("-DPy_GIL_DISABLED=1")


@pytest.mark.parametrize("abi", _ABIS)
def test_compiles_without_a_warning(abi: str) -> None:
    """With the stable ABI, with that of this Python, and with that of its free-threaded build."""
    command = compiler()
    if command is None:
        pytest.skip("this machine has no C compiler")
    assert compile_c(command, SOURCE, "-std=c11", "-Wall", "-Wextra", "-Wpedantic", abi) == ""
