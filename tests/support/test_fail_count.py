"""Faults reach each operation in turn."""

from collections.abc import Callable

import pytest

from beastly.core import Layer, TimedOut
from tests.support.fail_count import FailCount, fail_loop
from tests.support.memory_layer import connected_pair

Wrap = Callable[[Layer], Layer]


def _all_operations(wrap: Wrap) -> None:
    near, far = connected_pair()
    far.send(b"abcd", None)
    layer = wrap(near)
    assert layer.receive(2, None) == b"ab"
    assert layer.receive_into(memoryview(bytearray(2)), None) == 2
    assert layer.send(b"x", None) == 1
    assert layer.send_vector([b"y"], None) == 1
    layer.shutdown(None)
    assert far.receive(9, None) == b"xy"


def test_each_operation_fails_once_and_the_last_run_passes() -> None:
    faults: list[str | None] = []

    def scenario(wrap: Wrap) -> None:
        try:
            _all_operations(wrap)
        except ConnectionResetError as error:
            faults.append(error.strerror)
            raise

    assert fail_loop(scenario) == 5
    assert faults == [
        "injected into operation 1, receive",
        "injected into operation 2, receive_into",
        "injected into operation 3, send",
        "injected into operation 4, send_vector",
        "injected into operation 5, shutdown",
    ]


def test_what_follows_a_fault_fails_too() -> None:
    near, _ = connected_pair()
    count = FailCount(2)
    layer = count.wrap(near)
    layer.send(b"a", None)
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            layer.send(b"b", None)
    assert near.sent == b"a"
    assert count.reached


def test_closing_is_no_operation() -> None:
    near, far = connected_pair()
    far.default_timeout = near.default_timeout = 3.0
    count = FailCount(1)
    layer, other = count.wrap(near), count.wrap(far)
    assert layer.default_timeout == 3.0
    layer.abort()
    layer.close()
    other.close()
    assert near.aborted
    assert near.closed
    assert not count.reached


def test_the_kind_of_fault_can_be_chosen() -> None:
    assert fail_loop(_all_operations, errors=(TimedOut,), make_error=TimedOut) == 5
    with pytest.raises(TimedOut):
        fail_loop(_all_operations, make_error=TimedOut)


def test_an_error_that_was_not_injected_is_raised() -> None:
    def scenario(wrap: Wrap) -> None:
        raise ConnectionResetError("by itself")

    with pytest.raises(ConnectionResetError, match="by itself"):
        fail_loop(scenario)


def test_the_number_of_operations_is_bounded() -> None:
    assert fail_loop(_all_operations, limit=5) == 5
    with pytest.raises(AssertionError, match="more than 4"):
        fail_loop(_all_operations, limit=4)
