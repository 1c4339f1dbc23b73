import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly.http import Error, HttpError
from beastly.http.rfc9110 import (
    extension_list,
    has_token,
    is_field_value,
    is_token,
    list_elements,
    protocol_list,
    quote,
    token_list,
    unquote,
)

TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_token_characters() -> None:
    """RFC 9110 section 5.6.2, over all of Latin-1 and a little beyond."""
    assert {chr(c) for c in range(0x180) if is_token(chr(c))} == set(TOKEN_CHARACTERS)
    assert is_token(TOKEN_CHARACTERS)
    assert not is_token("")
    assert not is_token("a b")
    assert not is_token("a\n")
    assert not is_token("²")


def test_field_value_characters() -> None:
    """RFC 9110 section 5.5: visible characters, SP, HTAB and obs-text."""
    legal = {0x09, *range(0x20, 0x7F), *range(0x80, 0x100)}
    assert {c for c in range(0x180) if is_field_value(chr(c))} == legal
    assert is_field_value("")
    assert not is_field_value("a\r\nb")
    assert not is_field_value("a\n")


@pytest.mark.parametrize(
    ("values", "elements"),
    [
        ([], []),
        ([""], []),
        (["a"], ["a"]),
        (["a,b"], ["a", "b"]),
        ([" a\t,\t b "], ["a", "b"]),
        # Empty elements (RFC 9110 section 5.6.1.2).
        ([",a,, ,b,"], ["a", "b"]),
        # All lines of a field are one list (section 5.3).
        (["a", "b, c", "", "d"], ["a", "b", "c", "d"]),
    ],
)
def test_lists(values: list[str], elements: list[str]) -> None:
    assert list_elements(values) == elements
    assert token_list(values) == elements
    assert protocol_list(values) == elements


@pytest.mark.parametrize("element", ["@", "a b", "a;b", 'a"b"', "a=b", "a/b/c", "/a", "a/", "é"])
def test_an_element_that_is_no_token(element: str) -> None:
    """Beast stops there and forgets the rest; here it is an error."""
    for make in (token_list, protocol_list):
        with pytest.raises(HttpError, match=re.escape(repr(element))) as caught:
            make([f"upgrade, {element}, close"])
        assert caught.value.code is Error.BAD_VALUE


def test_protocols_have_versions() -> None:
    """RFC 9110 section 7.8."""
    assert protocol_list(["HTTP/2.0, websocket"]) == ["HTTP/2.0", "websocket"]
    with pytest.raises(HttpError):
        token_list(["HTTP/2.0"])


def test_finding_a_token() -> None:
    assert has_token(["keep-alive, Upgrade"], "upgrade")
    assert has_token(["keep-alive", "x,\tUPGRADE ,"], "Upgrade")
    assert has_token(["@, upgrade"], "upgrade")
    assert not has_token(["upgraded, up grade, upgrade/1"], "upgrade")
    assert not has_token([], "upgrade")


EXTENSIONS: list[tuple[list[str], list[tuple[str, list[tuple[str, str | None]]]]]] = [
    ([], []),
    (["x"], [("x", [])]),
    # Empty elements (RFC 9110 section 5.6.1.2).
    (["", ",x, ,"], [("x", [])]),
    (["x, y"], [("x", []), ("y", [])]),
    (["x", "y;a"], [("x", []), ("y", [("a", None)])]),
    (["x;a=1;b;a=2"], [("x", [("a", "1"), ("b", None), ("a", "2")])]),
    (["x ;\ta = 1 ; b ,y"], [("x", [("a", "1"), ("b", None)]), ("y", [])]),
    (['x; a="12"'], [("x", [("a", "12")])]),
    (['x; a="1\\2"; b'], [("x", [("a", "12"), ("b", None)])]),
    # Beast's first defect (4.5 a): a parameter without a value before a comma was dropped.
    (["permessage-deflate; bogus, x"], [("permessage-deflate", [("bogus", None)]), ("x", [])]),
    (
        ["permessage-deflate; client_max_window_bits, permessage-deflate"],
        [("permessage-deflate", [("client_max_window_bits", None)]), ("permessage-deflate", [])],
    ),
    # Its second (4.5 b): the parameters of one were taken for those of the next.
    (["x; y=z, permessage-deflate"], [("x", [("y", "z")]), ("permessage-deflate", [])]),
]


@pytest.mark.parametrize(("values", "extensions"), EXTENSIONS)
def test_extensions(
    values: list[str], extensions: list[tuple[str, list[tuple[str, str | None]]]]
) -> None:
    """RFC 6455 section 9.1."""
    assert extension_list(values) == extensions


@pytest.mark.parametrize(
    "value",
    [
        "",
        " , ,",
        "x;",
        "x; ;a",
        "x; a=",
        "x; a=, y",
        "x; a= ;b",
        "x; a;",
        ";a",
        "=",
        "x=1",
        "x y",
        "x; a b",
        "x; a==1",
        "x; a=1=2",
        "x; =1",
        "@",
        "x, @",
        '"x"',
        'x; "a"',
        'x; a="1',
        'x; a="1\\"',
        'x; a="1"2',
        "x; a=é",
    ],
)
def test_malformed_extensions(value: str) -> None:
    with pytest.raises(HttpError) as caught:
        extension_list([value])
    assert caught.value.code is Error.BAD_VALUE


@pytest.mark.parametrize("value", ['x; a=""', 'x; a="1 2"', 'x; a="1,2"', 'x; a="\\""'])
def test_a_quoted_parameter_is_still_a_token(value: str) -> None:
    """RFC 6455 section 9.1: after unescaping the value must conform to a token."""
    with pytest.raises(HttpError, match="is no token in its quotes") as caught:
        extension_list([value])
    assert caught.value.code is Error.BAD_VALUE


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '""'),
        ("abc", '"abc"'),
        ("a b\tc,;=", '"a b\tc,;="'),
        ('say "hi"', '"say \\"hi\\""'),
        ("\\", '"\\\\"'),
        ("é", '"é"'),
    ],
)
def test_quoted_strings(text: str, quoted: str) -> None:
    """RFC 9110 section 5.6.4."""
    assert quote(text) == quoted
    assert unquote(quoted) == text


def test_needless_quoting() -> None:
    assert unquote('"\\a\\b c"') == "ab c"


@pytest.mark.parametrize("text", ["a\r\nb", "\x00", "\x7f", "☃"])
def test_what_no_quoted_string_can_hold(text: str) -> None:
    with pytest.raises(ValueError, match=r"section 5\.6\.4"):
        quote(text)
    with pytest.raises(HttpError):
        unquote(f'"{text}"')


@pytest.mark.parametrize("text", ["", "a", '"', '"a', 'a"', '"a"b"', '"a"b', '"a\\"', '"a\\\n"'])
def test_what_is_no_quoted_string(text: str) -> None:
    with pytest.raises(HttpError, match="a quoted string was expected") as caught:
        unquote(text)
    assert caught.value.code is Error.BAD_VALUE


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"])))
def test_quoting_and_back(text: str) -> None:
    assert unquote(quote(text)) == text


@given(st.lists(st.text(st.sampled_from('ab ,;="\\\t@'), max_size=12), max_size=3))
def test_extensions_are_parsed_or_refused(values: list[str]) -> None:
    """Whatever comes, names and values that come out are tokens, and nothing else is raised."""
    try:
        extensions = extension_list(values)
    except HttpError as error:
        assert error.code is Error.BAD_VALUE
        return
    for name, parameters in extensions:
        assert is_token(name)
        for parameter, value in parameters:
            assert is_token(parameter)
            assert value is None or is_token(value)
