"""The client's half of the opening handshake: make the request, judge the response.

Pure: it hands out bytes and takes a parsed response (RFC 6455 section 4.1). It never reads, writes
or waits.
"""

import binascii
import os
import re
from collections.abc import Callable
from typing import Final

from beastly._version import __version__
from beastly.core import Role
from beastly.http import Fields, HttpError, Request, Response
from beastly.http.message import join_head
from beastly.http.rfc9110 import extension_list, token_list
from beastly.websocket._deflate_negotiation import (
    NAME,
    Parameters,
    agree,
    check_answer,
    offer,
    parse,
)
from beastly.websocket._handshake import (
    Fault,
    request_fault,
    requested_subprotocols,
    switching_fault,
)
from beastly.websocket.error import Error, HandshakeFailed
from beastly.websocket.option import PermessageDeflate, PermessageDeflateStatus
from beastly.websocket.rfc6455 import accept_key

__all__ = ["ClientHandshake"]

_KEY_SIZE: Final = 16
_USER_AGENT: Final = f"beastly/{__version__}"

_NO_DEFLATE: Final = PermessageDeflate()
_NOTHING_AGREED: Final = PermessageDeflateStatus()

# A name or address, and a port perhaps (RFC 9110 section 7.2); what a URL has around it is refused.
_HOST: Final = re.compile(r"[!$&-.0-;=A-Z_a-z~%\[\]]+")

# A path with a query perhaps, or a whole URL as proxies get it (RFC 6455 section 4.1).
_TARGET: Final = re.compile(r"(?:/|https?://)[!-\"$-~]*")


class ClientHandshake:
    """One attempt of a client to upgrade a connection.

    `request` is what goes out, decorated and checked; `encoded` its bytes.

    Raises:
        ValueError: the host, the target or what the decorator set may not be sent.
    """

    __slots__ = ("_deflate", "_offer", "encoded", "request")

    def __init__(
        self,
        host: str,
        target: str,
        decorate: Callable[[Request], object] | None = None,
        *,
        deflate: PermessageDeflate = _NO_DEFLATE,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        _check_destination(host, target)
        self._deflate = deflate
        self._offer = offer(deflate) if deflate.client_enable else None
        key = binascii.b2a_base64(entropy(_KEY_SIZE), newline=False).decode("ascii")
        lines = [
            ("Host", host),
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Key", key),
            ("Sec-WebSocket-Version", "13"),
        ]
        if self._offer is not None:
            lines.append(("Sec-WebSocket-Extensions", str(self._offer)))
        if decorate is None:
            lines.append(("User-Agent", _USER_AGENT))
        request = Request("GET", target, fields=Fields.of_clean(lines))
        self.request = request
        if decorate is None:
            # Host and target have been checked, and all else is of this module.
            self.encoded = join_head(f"GET {target} HTTP/1.1", lines)
            return
        offers = request.fields.get_all("Sec-WebSocket-Extensions")
        decorate(request)
        _check_decorated(request, key, offers)
        if "User-Agent" not in request.fields:
            request.fields.insert("User-Agent", _USER_AGENT)
        self.encoded = request.encode()

    def judge(self, response: Response, *, reusable: bool) -> PermessageDeflateStatus:
        """Return what was agreed on if `response` has made this a WebSocket connection.

        `reusable` tells that the end of the response was found without the connection ending.
        Checks in Beast's order, then the extensions and the subprotocol (RFC 6455 section 4.1).

        Raises:
            HandshakeFailed: `code` is the first rule that was broken; `keep_alive` tells whether
                the connection is still good for another request.
        """
        accepted = self._accepted(response.fields)
        fault = (
            _status_fault(response)
            or switching_fault(response.fields)
            or self._accept_fault(response)
            or (accepted if isinstance(accepted, Fault) else None)
            or self._subprotocol_fault(response)
        )
        if fault is not None:
            raise HandshakeFailed(
                fault.code,
                fault.detail,
                request=self.request,
                response=response,
                # After a 101 the server speaks WebSocket, however wrong its response is.
                keep_alive=reusable and response.status != 101 and response.keep_alive,
            )
        if isinstance(accepted, Parameters):
            return agree(accepted, self._deflate, Role.CLIENT)
        return _NOTHING_AGREED

    def _accepted(self, fields: Fields) -> Parameters | Fault | None:
        """Return what the server says of compression, if anything, or what is wrong with it."""
        values = fields.get_all("Sec-WebSocket-Extensions")
        if not values:
            return None
        try:
            extensions = extension_list(values)
        except HttpError as error:
            return Fault(Error.BAD_SEC_EXTENSIONS, error.detail)
        names = [name.lower() for name, _ in extensions]
        if len(set(names)) < len(names):
            return Fault(Error.MULTIPLE_EXTENSION, f"they are {', '.join(names)!r}")
        if self._offer is None:
            return Fault(Error.BAD_EXTENSION, f"it is {names[0]!r} where nothing was offered")
        for name in names:
            if name != NAME:
                return Fault(Error.BAD_EXTENSION, f"it is {name!r} where {NAME!r} was offered")
        try:
            accepted = parse(extensions[0][1])
            check_answer(accepted, self._offer)
        except ValueError as error:
            return Fault(Error.BAD_EXTENSION, f"{error} (RFC 7692 section 7.1)")
        return accepted

    def _accept_fault(self, response: Response) -> Fault | None:
        values = response.fields.get_all("Sec-WebSocket-Accept")
        if not values:
            return Fault(Error.NO_SEC_ACCEPT)
        expected = accept_key(self.request.fields["Sec-WebSocket-Key"])
        if values != [expected]:
            return Fault(
                Error.BAD_SEC_ACCEPT, f"it is {', '.join(values)!r} where {expected!r} is due"
            )
        return None

    def _subprotocol_fault(self, response: Response) -> Fault | None:
        values = response.fields.get_all("Sec-WebSocket-Protocol")
        if not values:
            return None
        if len(values) > 1:
            return Fault(Error.MULTIPLE_SUBPROTOCOL, f"they are {', '.join(values)!r}")
        offered = requested_subprotocols(self.request.fields)
        if values[0] not in offered:
            what = repr(", ".join(offered)) if offered else "nothing"
            return Fault(Error.BAD_SUBPROTOCOL, f"it is {values[0]!r} where {what} was offered")
        return None


def _check_destination(host: str, target: str) -> None:
    if not _HOST.fullmatch(host):
        raise ValueError(
            "the host must be a name or an address, and a port perhaps, as in 'example.com:8080',"
            f" not {host!r} (RFC 9110 section 7.2)"
        )
    if not _TARGET.fullmatch(target):
        raise ValueError(
            "the request-target must begin with '/', without spaces, a fragment or characters"
            f" beyond ASCII, not {target!r} (RFC 6455 section 3)"
        )


def _check_decorated(request: Request, key: str, offers: list[str]) -> None:
    """Refuse what a decorator broke; the serialisation checks the syntax of the rest."""
    fields = request.fields
    fault = request_fault(request)
    if fault is None and fields["Sec-WebSocket-Key"] != key:
        fault = Fault(Error.BAD_SEC_KEY, "it was replaced")
    if fault is None and fields.get_all("Sec-WebSocket-Extensions") != offers:
        fault = Fault(Error.BAD_EXTENSION, "the offer was changed, which options alone may do")
    if fault is not None:
        failure = HandshakeFailed(fault.code, fault.detail)
        raise ValueError(f"the decorator broke the upgrade request: {failure}")
    _check_destination(fields["Host"], request.target)
    protocols = fields.get_all("Sec-WebSocket-Protocol")
    try:
        names = token_list(protocols)
    except HttpError as error:
        raise ValueError(f"the decorator offers no list of subprotocols: {error}") from error
    if protocols and (not names or len(set(names)) < len(names)):
        raise ValueError(
            "the decorator must offer one or more different subprotocols, not"
            f" {', '.join(protocols)!r} (RFC 6455 section 4.1)"
        )


def _status_fault(response: Response) -> Fault | None:
    if response.status != 101:
        return Fault(Error.UPGRADE_DECLINED, f"it is {response.status} {response.reason}".rstrip())
    if response.version != 11:
        return Fault(Error.BAD_HTTP_VERSION, f"it is {response.version / 10}")
    return None
