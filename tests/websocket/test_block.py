"""The memory that a payload is laid into."""

import io
from collections.abc import Callable

import pytest

from beastly.websocket import _codec
from beastly.websocket._block import block


@pytest.mark.parametrize("take", [block, _codec.block])
@pytest.mark.parametrize("size", [0, 1, 100, 1_000_000])
def test_a_block_is_written_over_and_given_away(size: int, take: Callable[[int], bytes]) -> None:
    file = io.BytesIO(take(size))
    with file.getbuffer() as region:
        assert len(region) == size
        region[:] = b"x" * size
    assert file.getvalue() == b"x" * size


def test_no_block_is_below_nothing() -> None:
    with pytest.raises(ValueError, match="negative count"):
        block(-1)
