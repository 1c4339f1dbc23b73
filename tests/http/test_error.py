from http import HTTPStatus

import pytest

from beastly.core import BeastlyError, ErrorCode
from beastly.http import Error, HttpError

STATUS_OF = {
    Error.START_LINE_LIMIT: 414,
    Error.FIELD_LINE_LIMIT: 431,
    Error.FIELD_COUNT_LIMIT: 431,
    Error.HEADER_LIMIT: 431,
    Error.BODY_LIMIT: 413,
    Error.BAD_TRANSFER_ENCODING: 501,
    Error.BAD_VERSION: 505,
}
ANSWERED_BY_NOBODY = {Error.END_OF_STREAM, Error.BAD_STATUS, Error.BAD_REASON}


@pytest.mark.parametrize("code", Error)
def test_row(code: Error) -> None:
    """RFC 9110 section 15, RFC 9112 sections 3 and 6.1, RFC 6585 section 5."""
    assert " must " in code.message
    assert code.section.startswith("RFC ")
    if code in ANSWERED_BY_NOBODY:
        assert code.status is None
    else:
        assert isinstance(code.status, HTTPStatus)
        assert code.status == STATUS_OF.get(code, 400)


def test_all_rows_differ() -> None:
    """Equal rows would make one member an alias of another."""
    assert len({code.message for code in Error}) == len(Error.__members__)


def test_exception() -> None:
    error = HttpError(Error.BAD_METHOD, "it begins with b'@'")
    assert isinstance(error, BeastlyError)
    assert isinstance(error.code, ErrorCode)
    assert error.code is Error.BAD_METHOD
    assert str(error) == (
        "a request must begin with a method, which is a token, and one space;"
        " it begins with b'@' (RFC 9112 section 3.1)"
    )
