"""`ReceiveBuffer` and `gather`."""

import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import Buffer

from beastly.core import ReceiveBuffer, gather


def test_what_is_fed_is_taken_in_order() -> None:
    buffer = ReceiveBuffer(b"ab")
    buffer.feed(b"cd")
    assert buffer.take(1) == b"a"
    buffer.feed(b"ef")
    assert len(buffer) == 5
    assert buffer.take(4) == b"bcde"
    assert buffer.take(4) == b"f"
    assert buffer.take(4) == b""
    assert len(buffer) == 0


def test_a_block_that_was_read_is_let_go_by_the_next_one() -> None:
    buffer = ReceiveBuffer(b"abc")
    buffer.take(3)
    block = b"def"
    buffer.feed(block)
    assert buffer.data is block
    assert buffer.position == 0


@given(st.lists(st.one_of(st.binary(max_size=9), st.integers(0, 9))))
def test_nothing_is_lost_and_nothing_comes_twice(steps: list[bytes | int]) -> None:
    buffer = ReceiveBuffer()
    fed = taken = b""
    for step in steps:
        if isinstance(step, bytes):
            buffer.feed(step)
            fed += step
        else:
            taken += buffer.take(step)
        assert len(buffer) == len(fed) - len(taken)
    assert taken + buffer.take(len(fed)) == fed


def test_gather_copies_no_bytes() -> None:
    data = b"abc"
    assert gather(data) is data


def test_gather_joins() -> None:
    assert gather(bytearray(b"ab")) == b"ab"
    assert gather(memoryview(b"abcd")[::2]) == b"ac"
    assert gather([b"ab", bytearray(b"c"), memoryview(b"d")]) == b"abcd"
    blocks: list[Buffer] = [b"ab", array.array("B", [99])]
    assert gather(iter(blocks)) == b"abc"
    assert gather([]) == b""


def test_gather_refuses_what_is_not_bytes_like() -> None:
    with pytest.raises(TypeError):
        gather("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        gather(3)  # type: ignore[arg-type]
