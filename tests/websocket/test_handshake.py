"""What both ends check: RFC 6455 section 4, and Beast's cases U1 to U4."""

import base64
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly.http import Fields, Request
from beastly.websocket._handshake import (
    Fault,
    choose_subprotocol,
    content_fault,
    is_upgrade,
    request_fault,
    requested_subprotocols,
    switching_fault,
    upgrade_error,
)
from beastly.websocket.error import Error
from tests.support.wire import KEY

GOOD: Mapping[str, str] = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def _request(method: str = "GET", version: int = 11, **changes: str | None) -> Request:
    """An upgrade request with fields replaced, or removed by `None`; names with _ for -."""
    fields = {**GOOD, **{name.replace("_", "-"): value for name, value in changes.items()}}
    lines = [(name, value) for name, value in fields.items() if value is not None]
    return Request(method, "/", version, fields=lines)


def _doubled(name: str, value: str) -> Request:
    request = _request()
    request.fields.insert(name, value)
    return request


class TestIsUpgrade:
    """What is worth an `accept` (section 4.1)."""

    @pytest.mark.parametrize(
        "request_",
        [
            pytest.param(Request(version=10), id="U1: HTTP/1.0 without fields"),
            pytest.param(_request("POST"), id="U2: POST"),
            pytest.param(Request(fields={"Connection": "upgrade"}), id="U3: no Upgrade"),
            pytest.param(Request(fields={"Upgrade": "websocket"}), id="no Connection"),
            pytest.param(_request(version=10), id="HTTP/1.0"),
            pytest.param(_request(Upgrade="h2c"), id="another protocol"),
        ],
    )
    def test_no_upgrade(self, request_: Request) -> None:
        assert not is_upgrade(request_)

    def test_u4_an_upgrade(self) -> None:
        """U4: the method, the version and the two fields that switch are enough."""
        assert is_upgrade(Request(fields={"Connection": "upgrade", "Upgrade": "websocket"}))
        assert is_upgrade(_request())


class TestUpgradeError:
    """What `accept` would say, without accepting."""

    def test_none(self) -> None:
        assert upgrade_error(_request()) is None

    @pytest.mark.parametrize("connection", ["keep-alive", "close"])
    def test_some(self, connection: str) -> None:
        request = _request(Connection=connection)
        failure = upgrade_error(request)
        assert failure is not None
        assert failure.code is Error.NO_CONNECTION_UPGRADE
        assert failure.detail == f"it is '{connection}'"
        assert failure.request is request
        assert failure.response is None
        assert failure.keep_alive == (connection != "close")


class TestRequestFault:
    """Section 4.2.1, and Beast's order of the checks."""

    def test_the_order(self) -> None:
        """Each fault is mended in turn, and the next one is found."""
        request = Request("POST", "/", 10, body=b"x")
        fields = request.fields

        def code() -> object:
            fault = request_fault(request)
            return fault and fault.code

        assert code() is Error.BAD_HTTP_VERSION
        request.version = 11
        assert code() is Error.BAD_METHOD
        request.method = "GET"
        assert code() is Error.NO_HOST
        fields.extend([("Host", "a"), ("Host", "b")])
        assert code() is Error.MULTIPLE_HOST
        fields["Host"] = "a"
        for name, wrong, right, missing, bad in [
            ("Connection", "close", "upgrade", Error.NO_CONNECTION, Error.NO_CONNECTION_UPGRADE),
            ("Upgrade", "h2c", "websocket", Error.NO_UPGRADE, Error.NO_UPGRADE_WEBSOCKET),
            ("Sec-WebSocket-Key", "1234", KEY, Error.NO_SEC_KEY, Error.BAD_SEC_KEY),
            ("Sec-WebSocket-Version", "8", "13", Error.NO_SEC_VERSION, Error.BAD_SEC_VERSION),
        ]:
            assert code() is missing
            fields[name] = wrong
            assert code() is bad
            fields[name] = right
        fields["Sec-WebSocket-Extensions"] = "x;"
        assert code() is Error.BAD_SEC_EXTENSIONS
        fields["Sec-WebSocket-Extensions"] = "x"
        assert code() is Error.UNEXPECTED_CONTENT
        request.body = b""
        assert code() is None

    @pytest.mark.parametrize(
        ("request_", "fault"),
        [
            (_request(version=10), Fault(Error.BAD_HTTP_VERSION, "it is 1.0")),
            (_request("get"), Fault(Error.BAD_METHOD, "it is 'get'")),
            (_request("HEAD"), Fault(Error.BAD_METHOD, "it is 'HEAD'")),
            (_request(Host=None), Fault(Error.NO_HOST)),
            (_doubled("host", "b"), Fault(Error.MULTIPLE_HOST, "it is 'localhost, b'")),
            (_request(Sec_WebSocket_Key=None), Fault(Error.NO_SEC_KEY)),
            (_request(Sec_WebSocket_Version=None), Fault(Error.NO_SEC_VERSION)),
        ],
    )
    def test_details(self, request_: Request, fault: Fault) -> None:
        assert request_fault(request_) == fault

    def test_an_empty_host_is_one(self) -> None:
        """RFC 9112 section 3.2: a target without an authority has an empty Host."""
        assert request_fault(_request(Host="")) is None

    @given(st.binary(min_size=16, max_size=16))
    def test_every_key_of_16_bytes(self, nonce: bytes) -> None:
        key = base64.b64encode(nonce).decode()
        assert request_fault(_request(Sec_WebSocket_Key=key)) is None

    @given(st.binary(max_size=64).filter(lambda nonce: len(nonce) != 16))
    def test_no_key_of_another_size(self, nonce: bytes) -> None:
        key = base64.b64encode(nonce).decode()
        fault = Fault(Error.BAD_SEC_KEY, f"it is {key!r}")
        assert request_fault(_request(Sec_WebSocket_Key=key)) == fault

    @pytest.mark.parametrize(
        "key",
        [
            pytest.param("", id="empty"),
            pytest.param("1234", id="three bytes, A37"),
            pytest.param("dGhlIHNhbXBsZSBub25jZQ", id="no padding"),
            pytest.param("dGhlIHNhbXBsZSBub25jZQ=!", id="another character"),
            pytest.param("dGhlIHNhbXBsZSBub25jZ\xe9==", id="beyond ASCII"),
            pytest.param("dGhlIHNhbXBsZSBub25jZWFi", id="18 bytes"),
            pytest.param("dGhlIHNhbXBs ZSBub25jZQ=", id="a space"),
        ],
    )
    def test_what_is_no_key(self, key: str) -> None:
        """Section 4.2.1, item 5. Beast looks at the length only."""
        fault = Fault(Error.BAD_SEC_KEY, f"it is {key!r}")
        assert request_fault(_request(Sec_WebSocket_Key=key)) == fault

    def test_two_keys(self) -> None:
        """Section 11.3.1: at most once. Beast takes the first."""
        request = _doubled("Sec-WebSocket-Key", KEY)
        assert request_fault(request) == Fault(Error.BAD_SEC_KEY, f"it is '{KEY}, {KEY}'")

    @pytest.mark.parametrize("version", ["", "1", "8", "12", "14", "013", "13.0", "13, 8", "+13"])
    def test_another_version(self, version: str) -> None:
        """Section 4.4."""
        fault = Fault(Error.BAD_SEC_VERSION, f"it is {version!r}")
        assert request_fault(_request(Sec_WebSocket_Version=version)) == fault

    def test_two_versions(self) -> None:
        """Section 11.3.5: at most once in a request."""
        request = _doubled("Sec-WebSocket-Version", "13")
        assert request_fault(request) == Fault(Error.BAD_SEC_VERSION, "it is '13, 13'")


class TestSwitchingFault:
    """Connection and Upgrade, in requests (section 4.2.1) and responses (section 4.1)."""

    @pytest.mark.parametrize(
        "lines",
        [
            [("Connection", "Upgrade"), ("Upgrade", "websocket")],
            [("CONNECTION", "uPGRADE"), ("upgrade", "WebSocket")],
            [("Connection", "keep-alive, Upgrade"), ("Upgrade", "h2c, websocket")],
            [("Connection", ",, upgrade ,"), ("Upgrade", "HTTP/2.0,websocket")],
            # Several lines are one list: Beast looks at the first line only.
            [("Connection", "keep-alive"), ("Connection", "Upgrade"), ("Upgrade", "websocket")],
            [("Upgrade", "h2c"), ("Connection", "Upgrade"), ("Upgrade", "websocket")],
        ],
    )
    def test_none(self, lines: list[tuple[str, str]]) -> None:
        assert switching_fault(Fields(lines)) is None

    @pytest.mark.parametrize(
        ("lines", "fault"),
        [
            ([], Fault(Error.NO_CONNECTION)),
            ([("Upgrade", "websocket")], Fault(Error.NO_CONNECTION)),
            (
                [("Connection", "keep-alive"), ("Connection", "upgraded")],
                Fault(Error.NO_CONNECTION_UPGRADE, "it is 'keep-alive, upgraded'"),
            ),
            ([("Connection", "")], Fault(Error.NO_CONNECTION_UPGRADE, "it is ''")),
            ([("Connection", "upgrade")], Fault(Error.NO_UPGRADE)),
            (
                [("Connection", "upgrade"), ("Upgrade", "websocket/13")],
                Fault(Error.NO_UPGRADE_WEBSOCKET, "it is 'websocket/13'"),
            ),
            (
                [("Connection", "upgrade"), ("Upgrade", "websockets")],
                Fault(Error.NO_UPGRADE_WEBSOCKET, "it is 'websockets'"),
            ),
            # Nothing is believed of a list that is malformed.
            (
                [("Connection", "upgrade"), ("Upgrade", "websocket, h2c;q=1")],
                Fault(Error.NO_UPGRADE_WEBSOCKET, "it is 'websocket, h2c;q=1'"),
            ),
        ],
    )
    def test_some(self, lines: list[tuple[str, str]], fault: Fault) -> None:
        assert switching_fault(Fields(lines)) == fault


class TestContentFault:
    """An upgrade request has no content: what follows it are frames."""

    @pytest.mark.parametrize("fields", [{}, {"Content-Length": "0"}])
    def test_none(self, fields: dict[str, str]) -> None:
        assert content_fault(Request(fields=fields)) is None

    @pytest.mark.parametrize(
        "request_",
        [
            Request(body=b"x"),
            Request(fields={"Content-Length": "5"}),
            Request(fields=[("Content-Length", "0"), ("Content-Length", "5")]),
            Request(fields={"Transfer-Encoding": "chunked"}),
        ],
    )
    def test_some(self, request_: Request) -> None:
        assert content_fault(request_) == Fault(Error.UNEXPECTED_CONTENT)


class TestSubprotocols:
    """Sections 1.9, 4.1 and 4.2.2."""

    def test_what_was_requested(self) -> None:
        fields = Fields([("Sec-WebSocket-Protocol", "soap, wamp"), ("sec-websocket-protocol", "x")])
        assert requested_subprotocols(fields) == ["soap", "wamp", "x"]
        assert requested_subprotocols(Fields()) == []

    def test_nothing_is_believed_of_a_malformed_list(self) -> None:
        assert requested_subprotocols(Fields({"Sec-WebSocket-Protocol": "soap, wa mp"})) == []

    @pytest.mark.parametrize(
        ("supported", "chosen"),
        [
            (["wamp", "soap"], "wamp"),
            (["mqtt", "soap"], "soap"),
            (["mqtt"], None),
            (["SOAP"], None),
            ([], None),
        ],
    )
    def test_the_server_prefers(self, supported: list[str], chosen: str | None) -> None:
        request = _request(Sec_WebSocket_Protocol="soap, wamp")
        assert choose_subprotocol(request, supported) == chosen
        assert choose_subprotocol(request, iter(supported)) == chosen
        assert choose_subprotocol(_request(), supported) is None
