"""`Deadline`."""

import math
import threading

import pytest

from beastly.core import Deadline
from beastly.core._wait import wait_readable, wait_writable
from beastly.core.deadline import WAIT_MAX
from tests.support.pairs import socket_pair


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


@pytest.mark.parametrize("timeout", [1e7, 1e10, 1e300])
def test_no_wait_is_longer_than_the_systems_allow(timeout: float) -> None:
    deadline = Deadline(timeout)
    assert deadline.remaining() == WAIT_MAX
    with socket_pair() as (near, far):
        far.send(b"x")
        wait_readable(near.fileno(), deadline)
        wait_writable(near.fileno(), deadline)
    lock = threading.Lock()
    assert lock.acquire(timeout=deadline.remaining())


@pytest.mark.parametrize("timeout", [-1.0, math.nan, -math.inf])
def test_a_timeout_is_a_number_of_seconds(timeout: float) -> None:
    with pytest.raises(ValueError, match="not below zero, not"):
        Deadline.after(timeout)
