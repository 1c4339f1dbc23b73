"""The server's half of the opening handshake: judge the request, make the response.

Pure: it takes a parsed request, or the error of one that could not be parsed, and hands out what
to answer (RFC 6455 section 4.2). It never reads, writes or waits.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

from beastly._version import __version__
from beastly.core import Role
from beastly.http import Fields, HttpError, Request, Response
from beastly.http.message import join_head
from beastly.http.rfc9110 import extension_list, list_elements
from beastly.websocket import _deflate_negotiation as negotiation
from beastly.websocket._handshake import (
    Fault,
    content_fault,
    request_fault,
    requested_subprotocols,
    switching_fault,
)
from beastly.websocket.error import Error, HandshakeFailed
from beastly.websocket.option import PermessageDeflate, PermessageDeflateStatus
from beastly.websocket.rfc6455 import accept_key

__all__ = ["CONTINUE", "Answer", "answer", "expects_continue", "refuse"]

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What a client that sent `Expect: 100-continue` waits for (RFC 9110 section 10.1.1)."""

_SERVER: Final = f"beastly/{__version__}"

_Decorate: TypeAlias = Callable[[Response], object] | None

# The fields that only a 101 has a use for, beside those that switch the protocol.
_OPENING_FIELDS: Final = (
    "Sec-WebSocket-Accept",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
)


_NOTHING_AGREED: Final = PermessageDeflateStatus()


class Answer(NamedTuple):
    """What a server has to send, and the exception to raise then where that is a refusal.

    `deflate` tells what a 101 has agreed to about compression.
    """

    response: Response
    encoded: bytes
    failure: HandshakeFailed | None
    deflate: PermessageDeflateStatus = _NOTHING_AGREED


def expects_continue(request: Request) -> bool:
    """Tell whether the client waits for a 100 before it goes on (RFC 9110 section 10.1.1)."""
    # The first one counts, as it would of any field that has one value.
    return [value.lower() for value in request.fields.get_all("Expect")[:1]] == ["100-continue"]


def answer(
    request: Request, decorate: _Decorate = None, deflate: PermessageDeflate | None = None
) -> Answer:
    """Return the response to `request`: 101 if it may be upgraded, else a refusal that says why.

    `decorate` is called with the response before it is checked. A decorator that gives a 101
    another status has refused the request. `deflate` says what compression may be agreed to.

    Raises:
        ValueError: the decorator made of it what may not be sent.
    """
    fault = request_fault(request)
    if fault is not None:
        return _refusal(_refusing_response(fault), fault, decorate, request)
    accept = accept_key(request.fields["Sec-WebSocket-Key"])
    accepted = _accepted(request, deflate)
    lines = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Accept", accept),
    ]
    if accepted is not None:
        lines.append(("Sec-WebSocket-Extensions", str(accepted)))
    if decorate is None:
        lines.append(("Server", _SERVER))
    response = Response(HTTPStatus.SWITCHING_PROTOCOLS, fields=Fields.of_clean(lines))
    if decorate is None:
        # Nothing to check: every word of it is of this module.
        encoded = join_head("HTTP/1.1 101 Switching Protocols", lines)
    else:
        extensions = response.fields.get_all("Sec-WebSocket-Extensions")
        decorate(response)
        if response.status != HTTPStatus.SWITCHING_PROTOCOLS:
            fault = Fault(Error.UPGRADE_DECLINED, f"the decorator made it {response.status:d}")
            _take_back(response)
            return _refusal(response, fault, None, request)
        _check_switching(request, response, accept, extensions)
        _name_server(response)
        encoded = response.encode()
    status = _NOTHING_AGREED
    if accepted is not None and deflate is not None:
        status = negotiation.agree(accepted, deflate, Role.SERVER)
    return Answer(response, encoded, None, status)


def _accepted(
    request: Request, deflate: PermessageDeflate | None
) -> negotiation.Parameters | None:
    """Return what to answer to the offers of compression; `None` to decline them."""
    if deflate is None or not deflate.server_enable:
        return None
    offers = extension_list(request.fields.get_all("Sec-WebSocket-Extensions"))
    return negotiation.answer(offers, deflate)


def refuse(error: HttpError, decorate: _Decorate = None) -> Answer | None:
    """Return the answer to bytes that are no request, or `None` where `error` allows none.

    Raises:
        ValueError: the decorator made of it what may not be sent.
    """
    if error.code.status is None:
        return None
    fault = Fault(error.code, error.detail)
    return _refusal(_refusing_response(fault, error.code.status), fault, decorate, None)


def _refusing_response(fault: Fault, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Response:
    response = Response(status)
    if fault.code is Error.BAD_SEC_VERSION:
        response.status = HTTPStatus.UPGRADE_REQUIRED
        response.fields.insert("Upgrade", "websocket")
        response.fields.insert("Connection", "Upgrade")
        response.fields.insert("Sec-WebSocket-Version", "13")
    response.fields.insert("Content-Type", "text/plain; charset=utf-8")
    response.body = f"{HandshakeFailed(fault.code, fault.detail)}\n".encode()
    return response


def _refusal(
    response: Response, fault: Fault, decorate: _Decorate, request: Request | None
) -> Answer:
    """Complete a response that refuses; `request` is `None` for one that could not be parsed."""
    if decorate is not None:
        decorate(response)
    if response.status < 200:
        raise ValueError(
            "the decorator must give a refusal a final status, 200 to 999, not"
            f" {response.status:d} (RFC 9110 section 15)"
        )
    response.prepare_payload()
    _name_server(response)
    keep_alive = request is not None and _may_reuse(request) and response.keep_alive
    if not keep_alive:
        others = response.fields.get_all("Connection")
        response.fields["Connection"] = ", ".join([*(v for v in others if v != "close"), "close"])
    elif request is not None and request.version == 10:
        response.fields.insert("Connection", "keep-alive")
    failure = HandshakeFailed(
        fault.code, fault.detail, request=request, response=response, keep_alive=keep_alive
    )
    encoded = response.encode()
    if request is not None and request.method == "HEAD":
        # Its answer tells of content and has none (RFC 9110 section 9.3.2).
        encoded = encoded.removesuffix(response.body)
    return Answer(response, encoded, failure)


def _take_back(response: Response) -> None:
    """Remove from a 101 that has become a refusal what would open the connection all the same."""
    fields = response.fields
    for name in _OPENING_FIELDS:
        fields.pop(name, None)
    if response.status == HTTPStatus.UPGRADE_REQUIRED:
        # It has to name the protocol (RFC 9110 section 15.5.22).
        return
    fields.pop("Upgrade", None)
    options = list_elements(fields.get_all("Connection"))
    fields["Connection"] = ", ".join(name for name in options if name.lower() != "upgrade")
    if not fields["Connection"]:
        del fields["Connection"]


def _may_reuse(request: Request) -> bool:
    # A client that waits for a 100 may or may not send its content after a refusal, so what follows
    # cannot be told from a request (RFC 9110 section 10.1.1).
    content_may_follow = expects_continue(request) and content_fault(request) is not None
    return request.keep_alive and not content_may_follow


def _name_server(response: Response) -> None:
    if "Server" not in response.fields:
        response.fields.insert("Server", _SERVER)


def _check_switching(
    request: Request, response: Response, accept: str, extensions: list[str]
) -> None:
    """Refuse what a decorator broke in a 101; the serialisation checks the syntax of the rest."""
    fields = response.fields
    fault = switching_fault(fields)
    if fault is None and response.version != 11:
        fault = Fault(Error.BAD_HTTP_VERSION)
    if fault is None and fields.get_all("Sec-WebSocket-Accept") != [accept]:
        fault = Fault(Error.BAD_SEC_ACCEPT, "it was replaced")
    if fault is None and fields.get_all("Sec-WebSocket-Extensions") != extensions:
        fault = Fault(Error.BAD_EXTENSION, "the answer was changed, which options alone may do")
    chosen = fields.get_all("Sec-WebSocket-Protocol")
    if fault is None and len(chosen) > 1:
        fault = Fault(Error.MULTIPLE_SUBPROTOCOL, f"they are {', '.join(chosen)!r}")
    if fault is None and chosen and chosen[0] not in requested_subprotocols(request.fields):
        fault = Fault(Error.BAD_SUBPROTOCOL, f"it is {chosen[0]!r}")
    if fault is None and (response.body or "Content-Length" in fields):
        fault = Fault(Error.UNEXPECTED_CONTENT, "a 101 has none either")
    if fault is not None:
        failure = HandshakeFailed(fault.code, fault.detail)
        raise ValueError(f"the decorator broke the 101 response: {failure}")
