"""How a client offers permessage-deflate and judges the answer: RFC 7692 sections 5.1 and 7.1."""

import pytest

from beastly.http import Request, Response
from beastly.websocket._client_handshake import ClientHandshake
from beastly.websocket.error import Error, HandshakeFailed
from beastly.websocket.option import PermessageDeflate, PermessageDeflateStatus
from beastly.websocket.rfc6455 import accept_key

ON = PermessageDeflate(client_enable=True)

NAME = "permessage-deflate"


def _judge(deflate: PermessageDeflate, *answers: str) -> PermessageDeflateStatus:
    attempt = ClientHandshake("localhost", "/", deflate=deflate)
    response = Response(101)
    response.fields.extend(
        [
            ("Upgrade", "websocket"),
            ("Connection", "upgrade"),
            ("Sec-WebSocket-Accept", accept_key(attempt.request.fields["Sec-WebSocket-Key"])),
            *(("Sec-WebSocket-Extensions", answer) for answer in answers),
        ]
    )
    return attempt.judge(response, reusable=True)


def test_the_offer_follows_the_version() -> None:
    attempt = ClientHandshake("localhost", "/", deflate=ON, entropy=bytes)
    assert (
        b"Sec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        b"User-Agent: beastly/"
    ) in attempt.encoded


def test_nothing_is_offered_unless_it_was_set() -> None:
    for attempt in (
        ClientHandshake("localhost", "/"),
        ClientHandshake("localhost", "/", deflate=PermessageDeflate(server_enable=True)),
    ):
        assert "Sec-WebSocket-Extensions" not in attempt.request.fields


def test_a_decorator_sees_the_offer_and_leaves_it_alone() -> None:
    """What would be used could not be told from what was negotiated."""
    seen: list[str] = []

    def look(request: Request) -> None:
        seen.append(request.fields["Sec-WebSocket-Extensions"])

    def insert(request: Request) -> None:
        request.fields.insert("Sec-WebSocket-Extensions", "x-frames")

    def replace(request: Request) -> None:
        request.fields["Sec-WebSocket-Extensions"] = NAME

    def remove(request: Request) -> None:
        del request.fields["Sec-WebSocket-Extensions"]

    ClientHandshake("localhost", "/", look, deflate=ON)
    assert seen == ["permessage-deflate; client_max_window_bits"]
    for change in (insert, replace, remove):
        with pytest.raises(ValueError, match="the offer was changed"):
            ClientHandshake("localhost", "/", change, deflate=ON)
    with pytest.raises(ValueError, match="the offer was changed"):
        ClientHandshake("localhost", "/", insert)


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], PermessageDeflateStatus()),
        ([NAME], PermessageDeflateStatus(True, 12, 15)),
        ([NAME.upper()], PermessageDeflateStatus(True, 12, 15)),
        ([f"{NAME}; server_max_window_bits=9"], PermessageDeflateStatus(True, 12, 9)),
        ([f"{NAME}; client_max_window_bits=10"], PermessageDeflateStatus(True, 10, 15)),
        (
            [f"{NAME}; server_no_context_takeover"],
            PermessageDeflateStatus(True, 12, 15, server_no_context_takeover=True),
        ),
        (
            [f"{NAME}; client_no_context_takeover"],
            PermessageDeflateStatus(True, 12, 15, client_no_context_takeover=True),
        ),
    ],
)
def test_answers(answers: list[str], expected: PermessageDeflateStatus) -> None:
    assert _judge(ON, *answers) == expected


def test_the_answer_of_beasts_case_h5() -> None:
    option = PermessageDeflate(client_enable=True, client_max_window_bits=14)
    answer = f"{NAME}; server_max_window_bits=9; client_max_window_bits=14"
    assert _judge(option, answer) == PermessageDeflateStatus(True, 14, 9)


@pytest.mark.parametrize(
    ("answers", "code", "detail"),
    [
        ([f"{NAME}; bogus"], Error.BAD_EXTENSION, "'bogus' is not one of"),
        ([f"{NAME}; server_max_window_bits=7"], Error.BAD_EXTENSION, "8 to 15, not '7'"),
        ([f"{NAME}; server_max_window_bits"], Error.BAD_EXTENSION, "needs a value"),
        ([f"{NAME}; client_max_window_bits"], Error.BAD_EXTENSION, "needs a value in an answer"),
        ([f"{NAME}; client_no_context_takeover=1"], Error.BAD_EXTENSION, "has no value"),
        ([""], Error.BAD_SEC_EXTENSIONS, "a list of extensions has none"),
        ([f"{NAME}; ="], Error.BAD_SEC_EXTENSIONS, "goes on with '; ='"),
        (["x-frames"], Error.BAD_EXTENSION, "'x-frames' where 'permessage-deflate' was offered"),
        ([NAME, "x-frames"], Error.BAD_EXTENSION, "it is 'x-frames'"),
        ([NAME, NAME], Error.MULTIPLE_EXTENSION, "they are"),
        ([f"{NAME}, Permessage-Deflate; x"], Error.MULTIPLE_EXTENSION, "they are"),
    ],
)
def test_answers_that_fail_the_handshake(answers: list[str], code: Error, detail: str) -> None:
    """Item 10 of Beast's defects: there any answer is taken."""
    with pytest.raises(HandshakeFailed) as caught:
        _judge(ON, *answers)
    assert caught.value.code is code
    assert detail in caught.value.detail
    assert not caught.value.keep_alive


@pytest.mark.parametrize(
    ("option", "answer"),
    [
        (PermessageDeflate(client_enable=True, server_max_window_bits=10), NAME),
        (
            PermessageDeflate(client_enable=True, server_max_window_bits=10),
            f"{NAME}; server_max_window_bits=11",
        ),
        (
            PermessageDeflate(client_enable=True, client_max_window_bits=10),
            f"{NAME}; client_max_window_bits=11",
        ),
        (PermessageDeflate(client_enable=True, server_no_context_takeover=True), NAME),
    ],
)
def test_answers_that_are_wider_than_the_offer(option: PermessageDeflate, answer: str) -> None:
    with pytest.raises(HandshakeFailed, match=r"RFC 7692 section 7\.1") as caught:
        _judge(option, answer)
    assert caught.value.code is Error.BAD_EXTENSION


def test_other_rules_come_first() -> None:
    attempt = ClientHandshake("localhost", "/", deflate=ON)
    response = Response(101)
    response.fields.insert("Sec-WebSocket-Extensions", "bogus")
    with pytest.raises(HandshakeFailed) as caught:
        attempt.judge(response, reusable=True)
    assert caught.value.code is Error.NO_CONNECTION
