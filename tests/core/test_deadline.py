"""`Deadline`."""

import math

import pytest

from beastly.core import Deadline


@pytest.mark.parametrize("timeout", [None, math.inf])
def test_no_end_is_no_deadline(timeout: float | None) -> None:
    assert Deadline.after(timeout) is None


def test_what_remains_never_grows_and_never_is_negative() -> None:
    deadline = Deadline(1000.0)
    first = deadline.remaining()
    assert 900.0 < deadline.remaining() <= first <= 1000.0
    assert Deadline(0).remaining() == 0.0
    at_once = Deadline.after(0)
    assert at_once is not None
    assert at_once.remaining() == 0.0


@pytest.mark.parametrize("timeout", [-1.0, math.nan, -math.inf])
def test_a_timeout_is_a_number_of_seconds(timeout: float) -> None:
    with pytest.raises(ValueError, match="not below zero, not"):
        Deadline.after(timeout)
