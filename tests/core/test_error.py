"""The root of the exceptions."""

import pickle

import pytest

from beastly.core import BeastlyError, Busy, Error, OperationAborted, TimedOut


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TimedOut("x"), Error.TIMEOUT),
        (OperationAborted("x"), Error.OPERATION_ABORTED),
        (Busy("x"), Error.BUSY),
    ],
)
def test_each_class_has_its_code(error: BeastlyError, code: Error) -> None:
    assert error.code is code
    assert str(error) == f"{code.message}; x"


def test_every_code_is_raised_by_a_class() -> None:
    assert {TimedOut().code, OperationAborted().code, Busy().code} == set(Error)


def test_the_text_names_what_was_expected_what_came_and_where_it_is_written() -> None:
    assert str(BeastlyError(Error.BUSY)) == "one thread at a time may read from a stream"
    assert repr(Error.BUSY) == "<Error.BUSY>"
    assert all(code.section == "" for code in Error)


def test_a_timeout_is_the_builtin_one_too() -> None:
    error = TimedOut("no bytes arrived", unsent=5)
    assert isinstance(error, TimeoutError)
    assert error.unsent == 5
    assert TimedOut().unsent == 0
    assert str(error) == "the call must end before its deadline; no bytes arrived"


def test_errors_come_out_of_another_process() -> None:
    late = TimedOut("no bytes arrived", unsent=5)
    for error in (BeastlyError(Error.BUSY, "x"), OperationAborted("y"), Busy("z"), late):
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is type(error)
        assert str(copy) == str(error)
        assert (copy.code, copy.detail, vars(copy)) == (error.code, error.detail, vars(error))
