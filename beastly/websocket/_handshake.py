"""What both ends check in an opening handshake: is this an upgrade to WebSocket, and if not, why?

Pure functions over HTTP messages (RFC 6455 section 4). Nothing here reads, writes or waits.
"""

import re
from collections.abc import Iterable
from typing import Final

from beastly.core import ErrorCode
from beastly.core.value import Value
from beastly.http import Fields, HttpError, Request
from beastly.http.rfc9110 import (
    FRAMING_FIELDS,
    extension_list,
    has_token,
    protocol_list,
    token_list,
)
from beastly.websocket.error import Error, HandshakeFailed

__all__ = [
    "Fault",
    "choose_subprotocol",
    "content_fault",
    "is_upgrade",
    "request_fault",
    "requested_subprotocols",
    "switching_fault",
    "upgrade_error",
]


# The base64 form of 16 bytes: 22 characters, of which the last one has four bits to spare.
_KEY: Final = re.compile(r"[A-Za-z0-9+/]{22}==")


class Fault(Value):
    """One rule that a message breaks: its code, and what came instead."""

    __slots__ = ("code", "detail")

    code: ErrorCode
    detail: str

    def __init__(self, code: ErrorCode, detail: str = "") -> None:
        super().__init__(code, detail)


def is_upgrade(request: Request) -> bool:
    """Tell whether `request` asks for an upgrade to WebSocket: then it is worth an `accept`.

    True for a GET of HTTP/1.1 whose Connection has the token `upgrade` and whose Upgrade has
    `websocket`. The other fields are not looked at; `upgrade_error` looks at all of them.
    """
    return _request_line_fault(request) is None and switching_fault(request.fields) is None


def upgrade_error(request: Request) -> HandshakeFailed | None:
    """Say why `accept` would refuse `request`, or return `None` where it would not.

    The checks and their order are those of `accept` (RFC 6455 section 4.2.1).
    """
    fault = request_fault(request)
    if fault is None:
        return None
    return HandshakeFailed(
        fault.code, fault.detail, request=request, keep_alive=request.keep_alive
    )


def choose_subprotocol(request: Request, supported: Iterable[str]) -> str | None:
    """Return the first of `supported` that the client requested, or `None`.

    Names are compared exactly (RFC 6455 section 4.2.2). For use in a decorator, which sets the
    choice as `Sec-WebSocket-Protocol` of the response.
    """
    requested = requested_subprotocols(request.fields)
    return next((name for name in supported if name in requested), None)


def requested_subprotocols(fields: Fields) -> list[str]:
    """Return the subprotocols that a request names, most wanted first; none if malformed."""
    try:
        return token_list(fields.get_all("Sec-WebSocket-Protocol"))
    except HttpError:
        return []


def switching_fault(fields: Fields) -> Fault | None:
    """Check the two fields that switch the protocol, which request and response have in common."""
    connection = fields.get_all("Connection")
    upgrade = fields.get_all("Upgrade")
    if connection == ["Upgrade"] and upgrade == ["websocket"]:
        return None  # Nearly all send just these.
    if not connection:
        return Fault(Error.NO_CONNECTION)
    if not has_token(connection, "upgrade"):
        return Fault(Error.NO_CONNECTION_UPGRADE, _came(connection))
    if not upgrade:
        return Fault(Error.NO_UPGRADE)
    try:
        protocols = protocol_list(upgrade)
    except HttpError:
        protocols = []
    if "websocket" not in [protocol.lower() for protocol in protocols]:
        return Fault(Error.NO_UPGRADE_WEBSOCKET, _came(upgrade))
    return None


def request_fault(request: Request) -> Fault | None:
    """Return the first rule of RFC 6455 section 4.2.1 that `request` breaks, in Beast's order."""
    fields = request.fields
    return (
        _request_line_fault(request)
        or _host_fault(fields)
        or switching_fault(fields)
        or _key_fault(fields)
        or _version_fault(fields)
        or _extensions_fault(fields)
        or content_fault(request)
    )


def _request_line_fault(request: Request) -> Fault | None:
    if request.version != 11:
        return Fault(Error.BAD_HTTP_VERSION, f"it is {request.version / 10}")
    if request.method != "GET":
        return Fault(Error.BAD_METHOD, f"it is {request.method!r}")
    return None


def _host_fault(fields: Fields) -> Fault | None:
    hosts = fields.get_all("Host")
    if not hosts:
        return Fault(Error.NO_HOST)
    if len(hosts) > 1:
        return Fault(Error.MULTIPLE_HOST, _came(hosts))
    return None


def _key_fault(fields: Fields) -> Fault | None:
    keys = fields.get_all("Sec-WebSocket-Key")
    if not keys:
        return Fault(Error.NO_SEC_KEY)
    if len(keys) > 1 or _KEY.fullmatch(keys[0]) is None:
        return Fault(Error.BAD_SEC_KEY, _came(keys))
    return None


def _version_fault(fields: Fields) -> Fault | None:
    versions = fields.get_all("Sec-WebSocket-Version")
    if not versions:
        return Fault(Error.NO_SEC_VERSION)
    if versions != ["13"]:
        return Fault(Error.BAD_SEC_VERSION, _came(versions))
    return None


def _extensions_fault(fields: Fields) -> Fault | None:
    # Section 9.1: whoever gets a malformed list fails the handshake, wanting an extension or not.
    offers = fields.get_all("Sec-WebSocket-Extensions")
    try:
        extension_list(offers)
    except HttpError as error:
        return Fault(Error.BAD_SEC_EXTENSIONS, error.detail)
    return None


def content_fault(request: Request) -> Fault | None:
    """Check that `request` has no content, nor announces any."""
    fields = request.fields
    is_announced = fields.has_any(FRAMING_FIELDS) and (
        "Transfer-Encoding" in fields or set(fields.get_all("Content-Length")) != {"0"}
    )
    return Fault(Error.UNEXPECTED_CONTENT) if request.body or is_announced else None


def _came(values: list[str]) -> str:
    return f"it is {', '.join(values)!r}"
