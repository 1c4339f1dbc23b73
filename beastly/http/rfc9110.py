"""The grammar of RFC 9110 that a handshake needs: tokens, values, lists, quoted strings.

Pure functions over text; each takes time in proportion to its input, whatever the input is. What
the fields mean is known elsewhere.
"""

import re
from collections.abc import Iterable
from typing import Final

from beastly.http.error import Error, HttpError

__all__ = [
    "FRAMING_FIELDS",
    "extension_list",
    "has_token",
    "is_field_value",
    "is_token",
    "list_elements",
    "protocol_list",
    "quote",
    "token_list",
    "unquote",
]

# Repetitions are possessive throughout: they never give back what they took, so no input can make
# the matcher try again.
TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
"""A pattern for a token (section 5.6.2)."""

QUOTED_STRING: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
"""A pattern for a quoted string (section 5.6.4)."""

FRAMING_FIELDS: Final = frozenset({"content-length", "transfer-encoding"})
"""The fields that tell where content ends (section 8.6 and RFC 9112 section 6), in lower case."""

_TOKEN: Final = re.compile(TOKEN)
_FIELD_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*+")
_PROTOCOL: Final = re.compile(f"{TOKEN}(?:/{TOKEN})?+")
_LIST_GAP: Final = re.compile(r"[ \t,]*+")
_NAME: Final = re.compile(rf"({TOKEN})[ \t]*+")
_PARAMETER: Final = re.compile(
    rf";[ \t]*+({TOKEN})[ \t]*+(?:=[ \t]*+({TOKEN}|{QUOTED_STRING})[ \t]*+)?+"
)


def is_token(text: str) -> bool:
    """Tell whether `text` is a token (section 5.6.2): a name, a method, a list element."""
    return _TOKEN.fullmatch(text) is not None


def is_field_value(text: str) -> bool:
    """Tell whether `text` may stand in a field value (section 5.5).

    Visible characters, spaces, tabs and the upper half of Latin-1 may; CR, LF, NUL, other controls
    and everything outside Latin-1 may not. An empty value is legal.
    """
    return _FIELD_VALUE.fullmatch(text) is not None


def list_elements(values: Iterable[str]) -> list[str]:
    """Return the elements of the fields with these values, taken as one list (section 5.6.1).

    Empty elements are left out. Elements are separated at every comma and not checked: the list
    must be of a kind that has no quoted strings.
    """
    elements: list[str] = []
    for value in values:
        if "," in value:
            elements += [element for piece in value.split(",") if (element := piece.strip(" \t"))]
        elif element := value.strip(" \t"):
            elements.append(element)
    return elements


def token_list(values: Iterable[str]) -> list[str]:
    """Return the tokens of a list field such as Connection, from all its lines in their order.

    Raises:
        HttpError: an element is not a token (`Error.BAD_VALUE`).
    """
    elements = list_elements(values)
    for element in elements:
        if _TOKEN.fullmatch(element) is None:
            raise HttpError(Error.BAD_VALUE, f"a list of tokens has the element {element!r}")
    return elements


def protocol_list(values: Iterable[str]) -> list[str]:
    """Return the protocols of an Upgrade field, each a name and perhaps a version (section 7.8).

    Raises:
        HttpError: an element is not a token or two with a slash between (`Error.BAD_VALUE`).
    """
    elements = list_elements(values)
    for element in elements:
        if _PROTOCOL.fullmatch(element) is None:
            raise HttpError(Error.BAD_VALUE, f"a list of protocols has the element {element!r}")
    return elements


def has_token(values: Iterable[str], token: str) -> bool:
    """Tell whether a list field has `token` among its elements, without regard to case."""
    wanted = token.lower()
    return wanted in [element.lower() for element in list_elements(values)]


def extension_list(values: Iterable[str]) -> list[tuple[str, list[tuple[str, str | None]]]]:
    """Return the extensions of Sec-WebSocket-Extensions with their parameters, in their order.

    The grammar is that of RFC 6455 section 9.1, which allows white space between any two of its
    words. Quoted values come unquoted; a parameter without a value has `None`. No field at all is
    no extension, but a field names one at least.

    Raises:
        HttpError: the list is malformed, or a quoted value holds no token (`Error.BAD_VALUE`).
    """
    lines = list(values)
    text = ",".join(lines)
    extensions: list[tuple[str, list[tuple[str, str | None]]]] = []
    position = _end_of_gap(text, 0)
    while position < len(text):
        name = _NAME.match(text, position)
        if name is None:
            raise HttpError(Error.BAD_VALUE, f"an extension begins with {text[position:][:20]!r}")
        parameters, position = _parameters(text, name.end())
        if text[position : position + 1] not in ("", ","):
            raise HttpError(
                Error.BAD_VALUE, f"the extension {name[1]!r} goes on with {text[position:][:20]!r}"
            )
        extensions.append((name[1], parameters))
        position = _end_of_gap(text, position)
    if lines and not extensions:
        raise HttpError(Error.BAD_VALUE, "a list of extensions has none")
    return extensions


def _end_of_gap(text: str, position: int) -> int:
    gap = _LIST_GAP.match(text, position)
    return position if gap is None else gap.end()


def _parameters(text: str, position: int) -> tuple[list[tuple[str, str | None]], int]:
    """Return the parameters of `text` from `position` on, and where they end."""
    parameters: list[tuple[str, str | None]] = []
    while match := _PARAMETER.match(text, position):
        name, value = match.groups()
        if value is not None and value.startswith('"'):
            value = unquote(value)
            if not is_token(value):
                raise HttpError(
                    Error.BAD_VALUE, f"the parameter {name!r} is no token in its quotes: {value!r}"
                )
        parameters.append((name, value))
        position = match.end()
    return parameters, position


def quote(text: str) -> str:
    """Return `text` as a quoted string (section 5.6.4).

    Raises:
        ValueError: `text` has a character that no field value may have.
    """
    if not is_field_value(text):
        raise ValueError(
            f"a quoted string has no control characters and nothing outside Latin-1: {text!r}"
            " (RFC 9110 section 5.6.4)"
        )
    return '"' + text.replace("\\", r"\\").replace('"', r'\"') + '"'


def unquote(text: str) -> str:
    """Return what the quoted string `text` stands for (section 5.6.4).

    Raises:
        HttpError: `text` is not one quoted string (`Error.BAD_VALUE`).
    """
    if re.fullmatch(QUOTED_STRING, text) is None:
        raise HttpError(Error.BAD_VALUE, f"a quoted string was expected, and {text!r} came")
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)
