"""Agreeing on permessage-deflate: RFC 7692 section 7.1, and Beast's cases H15 to H45.

Beast takes a parameter with an equals sign and nothing behind it for one without a value (in H20,
H23, H26). The grammar of RFC 6455 section 9.1 has no such thing, so here the list is malformed.
"""

import pytest

from beastly.core import Role
from beastly.http import HttpError
from beastly.http.rfc9110 import extension_list
from beastly.websocket._deflate_negotiation import (
    NO_VALUE,
    Parameters,
    agree,
    answer,
    check_answer,
    offer,
    parse,
)
from beastly.websocket.option import PermessageDeflate, PermessageDeflateStatus

BEASTS = PermessageDeflate(
    server_enable=True, client_enable=True, server_max_window_bits=15, client_max_window_bits=15
)
"""What Beast's option is by default, once it is enabled."""

DEFAULT = PermessageDeflate(server_enable=True, client_enable=True)


def _parse(text: str) -> Parameters:
    """Parse the one extension of a field value."""
    ((_, raw),) = extension_list([f"permessage-deflate; {text}"])
    return parse(raw)


def _answer(offers: str, option: PermessageDeflate = BEASTS) -> str | None:
    """The answer to the offers of a field value, without the name of the extension in front."""
    accepted = answer(extension_list([offers]), option)
    if accepted is None:
        return None
    # What a server answers, a client takes.
    ((_, raw),) = extension_list([str(accepted)])
    assert parse(raw) == accepted
    status = agree(accepted, option, Role.SERVER)
    assert status.client_window_bits and status.server_window_bits
    return str(accepted).removeprefix("permessage-deflate").removeprefix("; ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        # H15 to H18
        ("server_max_window_bits=8; server_max_window_bits=8", "stands twice"),
        ("server_max_window_bits", "needs a value"),
        ("server_max_window_bits=-1", "8 to 15, not '-1'"),
        ("server_max_window_bits=7", "8 to 15, not '7'"),
        ("server_max_window_bits=16", "8 to 15, not '16'"),
        ("server_max_window_bits=999999999999999999999999", "8 to 15"),
        ("server_max_window_bits=9a", "8 to 15, not '9a'"),
        # H19 to H21
        ("client_max_window_bits=8; client_max_window_bits=8", "stands twice"),
        ("client_max_window_bits=-1", "8 to 15"),
        ("client_max_window_bits=7", "8 to 15"),
        ("client_max_window_bits=16", "8 to 15"),
        ("client_max_window_bits=999999999999999999999999", "8 to 15"),
        # H22 to H24
        ("server_no_context_takeover; server_no_context_takeover", "stands twice"),
        ("server_no_context_takeover=-1", "has no value"),
        ("server_no_context_takeover=x", "has no value"),
        ('server_no_context_takeover="yz"', "has no value"),
        ("server_no_context_takeover=999999999999999999999999", "has no value"),
        # H25 to H27
        ("client_no_context_takeover; client_no_context_takeover", "stands twice"),
        ("client_no_context_takeover=-1", "has no value"),
        ("client_no_context_takeover=x", "has no value"),
        ('client_no_context_takeover="yz"', "has no value"),
        ("client_no_context_takeover=999999999999999999999999", "has no value"),
        # H28
        ("unknown", "'unknown' is not one of"),
        ("unknown=1", "'unknown' is not one of"),
        ("unknown=x", "'unknown' is not one of"),
        ('unknown="xy"', "'unknown' is not one of"),
        # RFC 7692 section 7.1.2: a decimal number without leading zeros.
        ("server_max_window_bits=08", "8 to 15"),
        ("server_max_window_bits=+9", "8 to 15"),
        ("client_max_window_bits=1_0", "8 to 15"),
        ("Client_Max_Window_Bits=9; client_max_window_bits=9", "stands twice"),
    ],
)
def test_illegal_parameters(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _parse(text)
    assert _answer(f"permessage-deflate; {text}") is None


@pytest.mark.parametrize(
    "name",
    [
        "server_max_window_bits",
        "client_max_window_bits",
        "server_no_context_takeover",
        "client_no_context_takeover",
        "unknown",
    ],
)
def test_an_equals_sign_with_nothing_behind_it(name: str) -> None:
    """H17, H20, H23, H26, H28: not declined, but malformed."""
    with pytest.raises(HttpError, match="goes on with '='"):
        extension_list([f"permessage-deflate; {name}="])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # H20, H23, H26
        ("client_max_window_bits", Parameters(client_max_window_bits=NO_VALUE)),
        ("server_no_context_takeover", Parameters(server_no_context_takeover=True)),
        ("client_no_context_takeover", Parameters(client_no_context_takeover=True)),
        ("client_max_window_bits=8", Parameters(client_max_window_bits=8)),
        ("server_max_window_bits=8", Parameters(server_max_window_bits=8)),
        ("CLIENT_MAX_WINDOW_BITS=15", Parameters(client_max_window_bits=15)),
        ('server_max_window_bits="12"', Parameters(server_max_window_bits=12)),
        (
            "server_max_window_bits=10; client_no_context_takeover; client_max_window_bits=11;"
            " server_no_context_takeover",
            Parameters(True, True, 10, 11),
        ),
    ],
)
def test_legal_parameters(text: str, expected: Parameters) -> None:
    assert _parse(text) == expected


@pytest.mark.parametrize("bits", range(8, 16))
def test_every_window(bits: int) -> None:
    text = f"server_max_window_bits={bits}; client_max_window_bits={bits}"
    assert _parse(text) == Parameters(server_max_window_bits=bits, client_max_window_bits=bits)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        # H29, H30, H32 to H35; H31 is a server's window without a value, which there is not.
        (Parameters(), ""),
        (Parameters(server_max_window_bits=10), "; server_max_window_bits=10"),
        (Parameters(client_max_window_bits=10), "; client_max_window_bits=10"),
        (Parameters(client_max_window_bits=NO_VALUE), "; client_max_window_bits"),
        (Parameters(server_no_context_takeover=True), "; server_no_context_takeover"),
        (Parameters(client_no_context_takeover=True), "; client_no_context_takeover"),
        (
            Parameters(True, True, 10, 11),
            "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10;"
            " client_max_window_bits=11",
        ),
    ],
)
def test_as_text(parameters: Parameters, text: str) -> None:
    assert str(parameters) == f"permessage-deflate{text}"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        # As browsers do; a limit of the server's is named only if it was set.
        (DEFAULT, "; client_max_window_bits"),
        (PermessageDeflate(client_max_window_bits=15), "; client_max_window_bits"),
        (PermessageDeflate(client_max_window_bits=14), "; client_max_window_bits=14"),
        (
            PermessageDeflate(server_max_window_bits=15),
            "; server_max_window_bits=15; client_max_window_bits",
        ),
        (
            PermessageDeflate(
                server_no_context_takeover=True,
                client_no_context_takeover=True,
                server_max_window_bits=9,
                client_max_window_bits=9,
            ),
            "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9;"
            " client_max_window_bits=9",
        ),
    ],
)
def test_offer(option: PermessageDeflate, text: str) -> None:
    assert str(offer(option)) == f"permessage-deflate{text}"


@pytest.mark.parametrize(
    ("offered", "server", "client", "expected"),
    [
        ("", 15, 15, ""),  # H36
        ("; server_max_window_bits=14", 15, 15, "server_max_window_bits=14"),  # H37
        ("; server_max_window_bits=8", 15, 15, None),  # H39: zlib cannot
        ("", 10, 15, "server_max_window_bits=10"),  # H40
        ("; server_max_window_bits=14", 10, 15, "server_max_window_bits=10"),  # H41
        ("; server_max_window_bits=14", 9, 15, "server_max_window_bits=9"),  # H42, with 9
        ("; client_max_window_bits", 15, 15, ""),  # H43
        ("; client_max_window_bits", 15, 10, "client_max_window_bits=10"),  # H44
        ("", 15, 10, None),  # H45
        # H38: what was asked for is confirmed (RFC 7692 section 7.1.2.1), where Beast says nothing.
        ("; server_max_window_bits=15", 15, 15, "server_max_window_bits=15"),
        # Section 4.5 of Beast's behaviour.
        ("; client_max_window_bits=15", 15, 15, "client_max_window_bits=15"),
        ("; client_max_window_bits=8", 15, 15, "client_max_window_bits=8"),
        ("; client_max_window_bits=12", 15, 10, "client_max_window_bits=10"),
        ("; client_max_window_bits=10", 15, 12, "client_max_window_bits=10"),
        ('; server_max_window_bits="12"', 15, 15, "server_max_window_bits=12"),
        ("; server_no_context_takeover", 15, 15, "server_no_context_takeover"),
        ("; client_no_context_takeover", 15, 15, "client_no_context_takeover"),
        # The own default.
        ("", None, None, "server_max_window_bits=12"),
        ("; server_max_window_bits=15", None, None, "server_max_window_bits=12"),
        ("; server_max_window_bits=9", None, None, "server_max_window_bits=9"),
        (
            "; client_max_window_bits",
            None,
            None,
            "server_max_window_bits=12; client_max_window_bits=12",
        ),
        ("; client_max_window_bits=10", 15, None, "client_max_window_bits=10"),
        ("; client_max_window_bits=15", 15, None, "client_max_window_bits=12"),
    ],
)
def test_answer(offered: str, server: int | None, client: int | None, expected: str | None) -> None:
    option = PermessageDeflate(
        server_enable=True, server_max_window_bits=server, client_max_window_bits=client
    )
    assert _answer(f"permessage-deflate{offered}", option) == expected
    assert _answer(f"x-other; a=b, Permessage-Deflate{offered}", option) == expected


def test_a_server_may_ask_both_ends_to_forget() -> None:
    option = PermessageDeflate(
        server_enable=True,
        server_max_window_bits=15,
        server_no_context_takeover=True,
        client_no_context_takeover=True,
    )
    both = "server_no_context_takeover; client_no_context_takeover"
    assert _answer("permessage-deflate", option) == both


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ("permessage-deflate; server_max_window_bits=20, permessage-deflate", ""),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate; x, foo", None),
        (
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
            "server_max_window_bits=10",
        ),
        # Beast's parser drops or confuses these parameters (section 4.5 of its behaviour).
        ("permessage-deflate; bogus, x", None),
        ("x; y=z, permessage-deflate", ""),
        ("permessage-deflate; client_max_window_bits, permessage-deflate", ""),
        ("foo", None),
    ],
)
def test_the_first_offer_that_can_be_accepted(offers: str, expected: str | None) -> None:
    assert _answer(offers) == expected
    fields = extension_list(offers.split(", "))
    accepted = answer(fields, BEASTS)
    assert (accepted is not None) is (expected is not None)


@pytest.mark.parametrize(
    ("accepted", "offered"),
    [
        (Parameters(), Parameters(client_max_window_bits=NO_VALUE)),
        (Parameters(), Parameters(client_max_window_bits=10)),
        (Parameters(client_max_window_bits=8), Parameters(client_max_window_bits=NO_VALUE)),
        (Parameters(client_max_window_bits=15), Parameters(client_max_window_bits=NO_VALUE)),
        (Parameters(client_max_window_bits=10), Parameters(client_max_window_bits=10)),
        (Parameters(server_max_window_bits=10), Parameters()),
        # Beast's answer to it, H38.
        (Parameters(), Parameters(server_max_window_bits=15)),
        (Parameters(server_max_window_bits=9), Parameters(server_max_window_bits=10)),
        (Parameters(server_max_window_bits=10), Parameters(server_max_window_bits=10)),
        (Parameters(server_no_context_takeover=True), Parameters()),
        (Parameters(client_no_context_takeover=True), Parameters()),
        (Parameters(), Parameters(client_no_context_takeover=True)),
        (
            Parameters(server_no_context_takeover=True),
            Parameters(server_no_context_takeover=True),
        ),
    ],
)
def test_answers_that_keep_to_the_offer(accepted: Parameters, offered: Parameters) -> None:
    check_answer(accepted, offered)


@pytest.mark.parametrize(
    ("accepted", "offered", "message"),
    [
        (Parameters(), Parameters(server_no_context_takeover=True), "is not in the answer"),
        (Parameters(), Parameters(server_max_window_bits=10), "the answer is wider"),
        (
            Parameters(server_max_window_bits=11),
            Parameters(server_max_window_bits=10),
            "server_max_window_bits=10 was offered, the answer is wider",
        ),
        (
            Parameters(client_max_window_bits=11),
            Parameters(client_max_window_bits=10),
            "client_max_window_bits=10 was offered, the answer is wider",
        ),
        (Parameters(client_max_window_bits=10), Parameters(), "was not offered"),
        (
            Parameters(client_max_window_bits=NO_VALUE),
            Parameters(client_max_window_bits=NO_VALUE),
            "needs a value in an answer",
        ),
    ],
)
def test_answers_that_do_not(accepted: Parameters, offered: Parameters, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_answer(accepted, offered)


@pytest.mark.parametrize(
    ("accepted", "option", "role", "client", "server"),
    [
        (Parameters(), BEASTS, Role.SERVER, 15, 15),
        (Parameters(), BEASTS, Role.CLIENT, 15, 15),
        (Parameters(), DEFAULT, Role.CLIENT, 12, 15),
        (Parameters(client_max_window_bits=10), DEFAULT, Role.CLIENT, 10, 15),
        (Parameters(client_max_window_bits=8), DEFAULT, Role.CLIENT, 8, 15),
        (Parameters(client_max_window_bits=14), DEFAULT, Role.SERVER, 14, 15),
        # H5, for both ends
        (Parameters(False, False, 9, 14), PermessageDeflate(client_max_window_bits=14),
         Role.CLIENT, 14, 9),
        (Parameters(False, False, 9, 14), BEASTS, Role.SERVER, 14, 9),
    ],
)  # fmt: skip
def test_windows_agreed_on(
    accepted: Parameters, option: PermessageDeflate, role: Role, client: int, server: int
) -> None:
    status = agree(accepted, option, role)
    assert status == PermessageDeflateStatus(True, client, server)


def test_a_client_forgets_if_it_was_set_to() -> None:
    """It may, whether or not the server has agreed (RFC 7692 section 7.1.1.2)."""
    option = PermessageDeflate(client_no_context_takeover=True)
    assert agree(Parameters(), option, Role.CLIENT).client_no_context_takeover
    assert not agree(Parameters(), option, Role.SERVER).client_no_context_takeover
    accepted = Parameters(client_no_context_takeover=True, server_no_context_takeover=True)
    status = agree(accepted, PermessageDeflate(), Role.CLIENT)
    assert status.client_no_context_takeover and status.server_no_context_takeover
