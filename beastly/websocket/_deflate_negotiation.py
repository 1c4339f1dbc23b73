"""Agreeing on permessage-deflate: the offer, the server's answer, the client's check of it.

Pure functions over the parameters of the extension (RFC 7692 section 7.1), as they stand in the
field Sec-WebSocket-Extensions. Nothing here compresses, and the messages of HTTP are elsewhere.
"""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from beastly.core import Role
from beastly.core.value import Value
from beastly.websocket.option import PermessageDeflate, PermessageDeflateStatus

__all__ = [
    "NAME",
    "NO_VALUE",
    "SMALLEST_WINDOW",
    "Parameters",
    "agree",
    "answer",
    "check_answer",
    "offer",
    "parse",
]

NAME: Final = "permessage-deflate"
"""The name of the extension."""

NO_VALUE: Final = 0
"""Stands for the value of `client_max_window_bits` in an offer that names it without one."""

_WINDOW_MAX: Final = 15
"""The window of a compressor that nothing was said about, and of one that nothing limits."""

_WINDOW_DEFAULT: Final = 12
"""The window that this side wants where the user has set none (measured, see the option)."""

SMALLEST_WINDOW: Final = 9
"""The smallest window that zlib can compress with; the extension knows 8 as well."""

_WINDOWS: Final[Mapping[str, int]] = {str(bits): bits for bits in range(8, 16)}

RawParameters: TypeAlias = list[tuple[str, str | None]]
"""Names and values as the grammar of the field gives them."""


class Parameters(Value):
    """One offer or one answer; what is not in it is false or `None`."""

    __slots__ = (
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits",
        "client_max_window_bits",
    )

    server_no_context_takeover: bool
    client_no_context_takeover: bool
    server_max_window_bits: int | None
    client_max_window_bits: int | None

    def __init__(
        self,
        server_no_context_takeover: bool = False,
        client_no_context_takeover: bool = False,
        server_max_window_bits: int | None = None,
        client_max_window_bits: int | None = None,
    ) -> None:
        super().__init__(
            server_no_context_takeover,
            client_no_context_takeover,
            server_max_window_bits,
            client_max_window_bits,
        )

    def __str__(self) -> str:
        """Return it as an element of Sec-WebSocket-Extensions."""
        words = [NAME]
        if self.server_no_context_takeover:
            words.append("server_no_context_takeover")
        if self.client_no_context_takeover:
            words.append("client_no_context_takeover")
        if self.server_max_window_bits is not None:
            words.append(f"server_max_window_bits={self.server_max_window_bits}")
        if self.client_max_window_bits == NO_VALUE:
            words.append("client_max_window_bits")
        elif self.client_max_window_bits is not None:
            words.append(f"client_max_window_bits={self.client_max_window_bits}")
        return "; ".join(words)


def parse(raw: RawParameters) -> Parameters:
    """Return the parameters of an offer or an answer.

    Raises:
        ValueError: one is unknown, stands twice, or has no legal value (RFC 7692 section 7.1).
    """
    values: dict[str, str | None] = {}
    for name, value in raw:
        name = name.lower()
        if name in values:
            raise ValueError(f"the parameter {name!r} stands twice")
        values[name] = value
    parameters = Parameters(
        server_no_context_takeover=_flag(values, "server_no_context_takeover"),
        client_no_context_takeover=_flag(values, "client_no_context_takeover"),
        server_max_window_bits=_window(values, "server_max_window_bits"),
        client_max_window_bits=_window(values, "client_max_window_bits"),
    )
    if values:
        raise ValueError(f"the parameter {next(iter(values))!r} is not one of {NAME}")
    if parameters.server_max_window_bits == NO_VALUE:
        raise ValueError("server_max_window_bits needs a value, 8 to 15")
    return parameters


def _flag(values: dict[str, str | None], name: str) -> bool:
    """Take the parameter `name`, which has no value, out of `values`."""
    is_there = name in values
    value = values.pop(name, None)
    if value is not None:
        raise ValueError(f"{name} has no value, not {value!r}")
    return is_there


def _window(values: dict[str, str | None], name: str) -> int | None:
    """Take the parameter `name`, a window, out of `values`; `NO_VALUE` if it has no value."""
    if name not in values:
        return None
    value = values.pop(name)
    if value is None:
        return NO_VALUE
    bits = _WINDOWS.get(value)
    if bits is None:
        raise ValueError(f"{name} is a number from 8 to 15, not {value!r}")
    return bits


def offer(option: PermessageDeflate) -> Parameters:
    """Return what a client with `option` offers.

    That its own window can be limited is always said, as browsers do. A limit on the server's is
    named only if the user has set one: some servers decline whatever offer has it.
    """
    own = option.client_max_window_bits
    return Parameters(
        server_no_context_takeover=option.server_no_context_takeover,
        client_no_context_takeover=option.client_no_context_takeover,
        server_max_window_bits=option.server_max_window_bits,
        client_max_window_bits=NO_VALUE if own in (None, _WINDOW_MAX) else own,
    )


def answer(
    extensions: Iterable[tuple[str, RawParameters]], option: PermessageDeflate
) -> Parameters | None:
    """Return what a server with `option` answers to the extensions that a client offers.

    It is for the first offer that can be accepted; `None` if none can be.
    """
    for name, raw in extensions:
        if name.lower() == NAME:
            try:
                accepted = _answer_one(parse(raw), option)
            except ValueError:
                # Declined, as RFC 7692 section 7.1 demands; there may be another one.
                continue
            if accepted is not None:
                return accepted
    return None


def _answer_one(offered: Parameters, option: PermessageDeflate) -> Parameters | None:
    """Return the answer to one offer, or `None` to decline it (RFC 7692 sections 7.1.1, 7.1.2)."""
    own = option.server_max_window_bits or _WINDOW_DEFAULT
    asked = offered.server_max_window_bits
    if asked is not None:
        own = min(own, asked)
        if own < SMALLEST_WINDOW:
            return None
    # What was asked for has to be confirmed, if it is the default too (section 7.1.2.1).
    told = own if asked is not None or own < _WINDOW_MAX else None

    wanted, hint = option.client_max_window_bits, offered.client_max_window_bits
    limit: int | None = wanted or _WINDOW_DEFAULT
    if hint is None:
        # The client cannot be limited.
        if wanted is not None and wanted < _WINDOW_MAX:
            return None
        limit = None
    elif hint != NO_VALUE:
        limit = min(hint, wanted or _WINDOW_DEFAULT)
    elif wanted == _WINDOW_MAX:
        limit = None

    return Parameters(
        server_no_context_takeover=(
            offered.server_no_context_takeover or option.server_no_context_takeover
        ),
        client_no_context_takeover=(
            offered.client_no_context_takeover or option.client_no_context_takeover
        ),
        server_max_window_bits=told,
        client_max_window_bits=limit,
    )


def check_answer(accepted: Parameters, offered: Parameters) -> None:
    """Return if the server's answer keeps to what the client offered.

    Raises:
        ValueError: it does not (RFC 7692 sections 7.1.1 and 7.1.2).
    """
    if offered.server_no_context_takeover and not accepted.server_no_context_takeover:
        raise ValueError("server_no_context_takeover was offered and is not in the answer")
    # Of a window of 15 nothing has to be said, though it was asked for: Beast's servers do not.
    server_bits = accepted.server_max_window_bits or _WINDOW_MAX
    server_most = offered.server_max_window_bits
    if server_most is not None and server_bits > server_most:
        raise ValueError(f"server_max_window_bits={server_most} was offered, the answer is wider")
    client_bits, client_most = accepted.client_max_window_bits, offered.client_max_window_bits
    if client_bits is None:
        return
    if client_most is None:
        raise ValueError("client_max_window_bits was not offered and is in the answer")
    if client_bits == NO_VALUE:
        raise ValueError("client_max_window_bits needs a value in an answer, 8 to 15")
    if client_bits > (client_most or _WINDOW_MAX):
        raise ValueError(f"client_max_window_bits={client_most} was offered, the answer is wider")


def agree(accepted: Parameters, option: PermessageDeflate, role: Role) -> PermessageDeflateStatus:
    """Return what holds on a connection for `role`, one of whose ends has answered `accepted`.

    The own compressor may keep to less than what was agreed on.
    """
    client_bits = accepted.client_max_window_bits or _WINDOW_MAX
    client_forgets = accepted.client_no_context_takeover
    if role is Role.CLIENT:
        client_bits = min(client_bits, option.client_max_window_bits or _WINDOW_DEFAULT)
        client_forgets = client_forgets or option.client_no_context_takeover
    return PermessageDeflateStatus(
        active=True,
        client_window_bits=client_bits,
        server_window_bits=accepted.server_max_window_bits or _WINDOW_MAX,
        client_no_context_takeover=client_forgets,
        server_no_context_takeover=accepted.server_no_context_takeover,
    )
