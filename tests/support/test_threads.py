"""Calls in the background give their results and their errors back."""

import threading

import pytest

from tests.support.threads import Background, run


def test_results_come_in_order() -> None:
    turn = threading.Event()

    def first() -> str:
        turn.wait()
        return "one"

    def second() -> int:
        turn.set()
        return 2

    assert run(first, second) == ("one", 2)
    assert run(lambda: 1) == (1,)
    assert run(*[lambda: None] * 4) == (None,) * 4


def test_an_error_is_raised_without_waiting_for_the_others() -> None:
    release = threading.Event()

    def fail() -> None:
        raise LookupError("from the thread")

    with pytest.raises(LookupError, match="from the thread"):
        run(release.wait, fail)
    release.set()


def test_what_does_not_end_is_reported() -> None:
    release = threading.Event()
    hung = Background(release.wait)
    with pytest.raises(AssertionError, match="did not end"):
        hung.result(bound=0.01)
    assert hung.is_running()
    release.set()
    assert hung.result()
    assert not hung.is_running()

    release.clear()
    with pytest.raises(AssertionError, match="did not end"):
        run(release.wait, bound=0.01)
    release.set()
