"""The payload of a close frame: RFC 6455 sections 5.5.1 and 7.4, Beast's cases F and R2."""

import pytest

from beastly.websocket._close_payload import close_payload, parse_close
from beastly.websocket.error import Error, ProtocolViolation
from beastly.websocket.rfc6455 import CloseReason


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4000, 5000])
def test_codes(code: int) -> None:
    """F2, Autobahn 7.7."""
    assert parse_close(code.to_bytes(2, "big")) == CloseReason(code)


@pytest.mark.parametrize(
    "code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999]
)
def test_bad_codes(code: int) -> None:
    """F1, Autobahn 7.9."""
    with pytest.raises(ProtocolViolation, match=f"; {code} came ") as caught:
        parse_close(code.to_bytes(2, "big"))
    assert caught.value.code is Error.BAD_CLOSE_CODE


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"", CloseReason(), id="R2.5"),
        pytest.param(b"\xfc\x15utf8", CloseReason(64533, "utf8"), id="R2.23"),
        pytest.param(b"\x03\xe8" + b"x" * 123, CloseReason(1000, "x" * 123), id="the longest"),
        pytest.param(b"\x03\xe8\xc3\xa9", CloseReason(1000, "é"), id="not ASCII"),
    ],
)
def test_reasons(payload: bytes, reason: CloseReason) -> None:
    assert parse_close(payload) == reason
    assert close_payload(reason) == payload


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        pytest.param(b"\x01", Error.BAD_CLOSE_SIZE, id="R2.20"),
        pytest.param(b"\x03\xed", Error.BAD_CLOSE_CODE, id="R2.14, R2.21"),
        pytest.param(b"\xfc\x15\x0f\xd7\x73\x43", Error.BAD_CLOSE_PAYLOAD, id="R2.22"),
        pytest.param(b"\x03\xe8\xe2\x82", Error.BAD_CLOSE_PAYLOAD, id="cut short"),
        pytest.param(b"\x03\xe8\xed\xa0\x80", Error.BAD_CLOSE_PAYLOAD, id="a surrogate"),
    ],
)
def test_faults(payload: bytes, code: Error) -> None:
    with pytest.raises(ProtocolViolation) as caught:
        parse_close(payload)
    assert caught.value.code is code
