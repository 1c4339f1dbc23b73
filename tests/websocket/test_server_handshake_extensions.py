"""How a server answers the offers of permessage-deflate: RFC 7692 sections 5.1 and 7.1."""

import pytest

from beastly.http import Request, Response
from beastly.websocket._handshake import upgrade_error
from beastly.websocket._server_handshake import answer
from beastly.websocket.error import Error
from beastly.websocket.option import PermessageDeflate, PermessageDeflateStatus
from tests.support.wire import KEY

ON = PermessageDeflate(server_enable=True)

NAME = "permessage-deflate"


def _request(*offers: str) -> Request:
    request = Request("GET", "/")
    request.fields.extend(
        [
            ("Host", "localhost"),
            ("Upgrade", "websocket"),
            ("Connection", "upgrade"),
            ("Sec-WebSocket-Key", KEY),
            ("Sec-WebSocket-Version", "13"),
            *(("Sec-WebSocket-Extensions", offer) for offer in offers),
        ]
    )
    return request


@pytest.mark.parametrize(
    ("offers", "accepted", "status"),
    [
        ([NAME], "server_max_window_bits=12", PermessageDeflateStatus(True, 15, 12)),
        (
            [f"x-frames; a, {NAME}; bogus", f"{NAME}; client_max_window_bits=9"],
            "server_max_window_bits=12; client_max_window_bits=9",
            PermessageDeflateStatus(True, 9, 12),
        ),
        (
            [f"{NAME}; server_no_context_takeover; server_max_window_bits=10"],
            "server_no_context_takeover; server_max_window_bits=10",
            PermessageDeflateStatus(True, 15, 10, False, True),
        ),
    ],
)
def test_accepted(offers: list[str], accepted: str, status: PermessageDeflateStatus) -> None:
    """The first one that can be, in one field or in several."""
    reply = answer(_request(*offers), None, ON)
    assert reply.failure is None
    assert reply.deflate == status
    assert (
        b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        b"\r\nSec-WebSocket-Extensions: permessage-deflate; " + accepted.encode() + b"\r\n"
    ) in reply.encoded


@pytest.mark.parametrize("option", [None, PermessageDeflate(client_enable=True), ON])
@pytest.mark.parametrize(
    "offers",
    [
        [],
        ["x-frames"],
        [f"{NAME}; bogus"],
        [f"{NAME}; server_max_window_bits=8"],
        [f"{NAME}; server_no_context_takeover; server_no_context_takeover"],
    ],
)
def test_declined(offers: list[str], option: PermessageDeflate | None) -> None:
    """The connection goes on without; nothing is answered that was not offered."""
    reply = answer(_request(*offers), None, option)
    assert reply.failure is None
    assert reply.deflate == PermessageDeflateStatus()
    assert b"Sec-WebSocket-Extensions" not in reply.encoded


@pytest.mark.parametrize("option", [None, PermessageDeflate(client_enable=True), ON])
@pytest.mark.parametrize(
    ("offers", "detail"),
    [
        ([""], "a list of extensions has none"),
        ([f'{NAME}; "'], f"the extension '{NAME}' goes on with '; \"'"),
        ([f"{NAME} x"], f"the extension '{NAME}' goes on with 'x'"),
        ([NAME, "x-frames; a="], "the extension 'x-frames' goes on with '='"),
        ([f"{NAME}, @"], "an extension begins with '@'"),
        (['x; a="b c"'], "the parameter 'a' is no token in its quotes: 'b c'"),
    ],
)
def test_malformed(offers: list[str], detail: str, option: PermessageDeflate | None) -> None:
    """RFC 6455 section 9.1: it fails the handshake, even beside an offer that could be accepted,
    and of a server too that wants no extension."""
    request = _request(*offers)
    reply = answer(request, None, option)
    failure = reply.failure
    assert failure is not None
    assert (failure.code, failure.detail) == (Error.BAD_SEC_EXTENSIONS, detail)
    assert failure.keep_alive
    assert failure.response is reply.response
    assert reply.encoded.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert reply.encoded.endswith(f"{failure}\n".encode())
    assert reply.deflate == PermessageDeflateStatus()
    early = upgrade_error(request)
    assert early is not None
    assert (early.code, early.detail) == (failure.code, failure.detail)


@pytest.mark.parametrize("option", [None, PermessageDeflate(client_enable=True)])
def test_declined_unless_it_was_set(option: PermessageDeflate | None) -> None:
    assert b"Sec-WebSocket-Extensions" not in answer(_request(NAME), None, option).encoded


def test_a_decorator_sees_the_answer_and_leaves_it_alone() -> None:
    seen: list[str] = []

    def look(response: Response) -> None:
        seen.append(response.fields["Sec-WebSocket-Extensions"])

    def insert(response: Response) -> None:
        response.fields.insert("Sec-WebSocket-Extensions", "x-frames")

    def replace(response: Response) -> None:
        response.fields["Sec-WebSocket-Extensions"] = NAME

    def remove(response: Response) -> None:
        del response.fields["Sec-WebSocket-Extensions"]

    answer(_request(NAME), look, ON)
    assert seen == ["permessage-deflate; server_max_window_bits=12"]
    for change in (insert, replace, remove):
        with pytest.raises(ValueError, match="the answer was changed"):
            answer(_request(NAME), change, ON)


def test_a_refusal_accepts_nothing() -> None:
    """By the decorator, or because of the request."""

    def refuse(response: Response) -> None:
        response.status = 403

    wrong = _request(NAME)
    del wrong.fields["Host"]
    for reply in (answer(_request(NAME), refuse, ON), answer(wrong, None, ON)):
        assert reply.failure is not None
        assert reply.deflate == PermessageDeflateStatus()
        assert b"Sec-WebSocket-Extensions" not in reply.encoded
