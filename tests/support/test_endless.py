"""The endless peer and the gauge."""

import itertools

import pytest

from beastly.core import Deadline, TimedOut
from tests.support.endless import EndlessLayer, peak_memory


def test_blocks_then_the_end() -> None:
    layer = EndlessLayer([b"a", b"bc"])
    assert [layer.receive(1, None) for _ in range(4)] == [b"a", b"bc", b"", b""]


def test_the_deadline() -> None:
    layer = EndlessLayer(itertools.repeat(b"a"))
    assert layer.receive(1, Deadline(60)) == b"a"
    with pytest.raises(TimedOut):
        layer.receive(1, Deadline(0))


def test_peak_memory() -> None:
    assert 100_000 <= peak_memory(lambda: len(bytes(100_000))) < 110_000
