"""The words of RFC 6455, compared with the specification by hand."""


import pytest

from beastly.websocket.rfc6455 import (
    CLOSE_REASON_MAX,
    CONTROL_PAYLOAD_MAX,
    GUID,
    CloseCode,
    CloseReason,
    FrameType,
    Opcode,
    accept_key,
    is_valid_close_code,
)
from tests.support.wire import ACCEPT, KEY


def test_limits() -> None:
    """Sections 1.3, 5.5 and 5.5.1."""
    assert GUID == "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    assert CONTROL_PAYLOAD_MAX == 125
    assert CLOSE_REASON_MAX == 123


def test_opcodes() -> None:
    """Section 5.2."""
    assert [(opcode.name, int(opcode)) for opcode in Opcode] == [
        ("CONTINUATION", 0x0),
        ("TEXT", 0x1),
        ("BINARY", 0x2),
        ("CLOSE", 0x8),
        ("PING", 0x9),
        ("PONG", 0xA),
    ]


def test_frame_types_are_the_control_frames() -> None:
    """Section 5.5."""
    assert {kind.name for kind in FrameType} == {
        opcode.name for opcode in Opcode if opcode & 0x8
    }


def test_close_codes() -> None:
    """Section 7.4.1, and IANA's registry for 1012 to 1014."""
    assert [(code.name, int(code)) for code in CloseCode] == [
        ("NORMAL_CLOSURE", 1000),
        ("GOING_AWAY", 1001),
        ("PROTOCOL_ERROR", 1002),
        ("UNSUPPORTED_DATA", 1003),
        ("NO_STATUS_RECEIVED", 1005),
        ("ABNORMAL_CLOSURE", 1006),
        ("INVALID_FRAME_PAYLOAD_DATA", 1007),
        ("POLICY_VIOLATION", 1008),
        ("MESSAGE_TOO_BIG", 1009),
        ("MANDATORY_EXTENSION", 1010),
        ("INTERNAL_ERROR", 1011),
        ("SERVICE_RESTART", 1012),
        ("TRY_AGAIN_LATER", 1013),
        ("BAD_GATEWAY", 1014),
        ("TLS_HANDSHAKE", 1015),
    ]


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999])
def test_f1_codes_that_no_frame_may_have(code: int) -> None:
    """Sections 7.4.1 and 7.4.2, and Beast's case F1."""
    assert not is_valid_close_code(code)


@pytest.mark.parametrize("code", [1000, 1002, 1014, 3000, 4000, 5000])
def test_f2_codes_that_a_frame_may_have(code: int) -> None:
    """Sections 7.4.1 and 7.4.2, and Beast's case F2."""
    assert is_valid_close_code(code)


def test_every_other_code() -> None:
    """The two bytes of a close frame hold nothing above 65535."""
    valid = [code for code in range(-1, 70000) if is_valid_close_code(code)]
    assert valid == [
        *(1000, 1001, 1002, 1003),
        *(1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014),
        *range(3000, 65536),
    ]


class TestCloseReason:
    """Section 5.5.1."""

    def test_defaults(self) -> None:
        assert (CloseReason().code, CloseReason().reason) == (None, "")
        assert (CloseReason(1001).code, CloseReason(1001).reason) == (1001, "")

    def test_a_value(self) -> None:
        assert CloseReason(1000, "bye") == CloseReason(CloseCode.NORMAL_CLOSURE, "bye")
        assert CloseReason(1000, "bye") != CloseReason(1000)
        assert len({CloseReason(1000), CloseReason(1000)}) == 1
        with pytest.raises(AttributeError, match="never changes"):
            CloseReason(1000).code = 1001  # type: ignore[misc]

    @pytest.mark.parametrize("code", [0, 1005, 1006, 1015, 2999, 65536])
    def test_a_code_that_may_not_be_sent(self, code: int) -> None:
        with pytest.raises(ValueError, match=rf"not {code} \(RFC 6455 section 7\.4\)$"):
            CloseReason(code)

    def test_a_reason_needs_a_code(self) -> None:
        with pytest.raises(ValueError, match=r"needs a close code .* section 5\.5\.1\): 'bye'$"):
            CloseReason(None, "bye")

    @pytest.mark.parametrize(
        ("fits", "too_long", "size"),
        [("a" * 123, "a" * 124, 124), ("\u20ac" * 41, "\u20ac" * 42, 126)],
        ids=["one byte each", "three bytes each"],
    )
    def test_the_longest(self, fits: str, too_long: str, size: int) -> None:
        assert CloseReason(1000, fits).reason == fits
        with pytest.raises(ValueError, match=rf"at most 123 bytes in UTF-8, not {size} "):
            CloseReason(1000, too_long)

    def test_what_is_no_utf_8(self) -> None:
        with pytest.raises(ValueError, match="surrogates not allowed"):
            CloseReason(1000, "\ud800")

    @pytest.mark.parametrize(
        ("reason", "text"),
        [
            (CloseReason(), "no close code"),
            (CloseReason(1000), "1000 (normal closure)"),
            (CloseReason(1011, "out of memory"), "1011 (internal error) out of memory"),
            (CloseReason(4000), "4000"),
            (CloseReason(4000, "kicked"), "4000 kicked"),
        ],
    )
    def test_as_text(self, reason: CloseReason, text: str) -> None:
        assert str(reason) == text


@pytest.mark.parametrize(
    ("key", "accept"),
    [
        (KEY, ACCEPT),
        ("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="),
        # Whatever a decorator or a host's parser let through: it is hashed, never refused.
        ("", "Kfh9QIsMVZcl6xEPYxPHzW8SZ8w="),
    ],
)
def test_accept_key(key: str, accept: str) -> None:
    """Sections 1.3 and 4.2.2, step 5."""
    assert accept_key(key) == accept


def test_keys_differ_by_case() -> None:
    """The key is text that is hashed as it came, not what it decodes to (section 4.2.2)."""
    assert accept_key(KEY) != accept_key(KEY.swapcase())
