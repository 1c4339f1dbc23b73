"""The client's half of the opening handshake, as pure functions: RFC 6455 section 4.1."""

import base64
from collections.abc import Callable

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly import __version__
from beastly.http import Fields, Request, Response
from beastly.websocket._client_handshake import ClientHandshake
from beastly.websocket._handshake import request_fault
from beastly.websocket.error import Error, HandshakeFailed
from beastly.websocket.option import PermessageDeflate
from tests.support.wire import ACCEPT, KEY

Edit = Callable[[Request], object]


def _sample_nonce(size: int) -> bytes:
    """The nonce whose base64 form is `KEY`."""
    assert size == 16
    return b"the sample nonce"


def _attempt(
    decorate: Edit | None = None, *, host: str = "localhost", target: str = "/"
) -> ClientHandshake:
    return ClientHandshake(host, target, decorate, entropy=_sample_nonce)


def _setting(name: str, value: str) -> Edit:
    def edit(request: Request) -> None:
        request.fields[name] = value

    return edit


def _adding(name: str, *values: str) -> Edit:
    def edit(request: Request) -> None:
        for value in values:
            request.fields.insert(name, value)

    return edit


def _removing(name: str) -> Edit:
    def edit(request: Request) -> None:
        del request.fields[name]

    return edit


def _response(status: int = 101, version: int = 11, **changes: str | None) -> Response:
    """A 101 that fits `KEY`, with fields replaced, or removed by `None`; names with _ for -."""
    fields: dict[str, str | None] = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": ACCEPT,
    }
    fields |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [(name, value) for name, value in fields.items() if value is not None]
    return Response(status, version, fields=lines)


def _doubled(name: str, *values: str) -> Response:
    response = _response()
    for value in values:
        response.fields.insert(name, value)
    return response


class TestRequest:
    """What goes out."""

    def test_bytes(self) -> None:
        assert _attempt(host="www.example.com", target="/chat?room=1").encoded == (
            b"GET /chat?room=1 HTTP/1.1\r\n"
            b"Host: www.example.com\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Version: 13\r\n"
            b"User-Agent: beastly/" + __version__.encode() + b"\r\n"
            b"\r\n"
        )

    def test_the_bytes_are_those_of_the_message(self) -> None:
        for deflate in (PermessageDeflate(), PermessageDeflate(client_enable=True)):
            attempt = ClientHandshake("a", "/b", deflate=deflate)
            assert attempt.encoded == attempt.request.encode()

    def test_the_message_is_kept(self) -> None:
        request = _attempt().request
        assert (request.method, request.target, request.version) == ("GET", "/", 11)
        assert request_fault(request) is None

    def test_keys_are_new_each_time(self) -> None:
        """Section 4.1, item 7: selected at random for each connection. Beast's generator repeats
        itself within six handshakes."""
        keys = {ClientHandshake("a", "/").request.fields["Sec-WebSocket-Key"] for _ in range(200)}
        assert len(keys) == 200
        assert all(len(base64.b64decode(key, validate=True)) == 16 for key in keys)

    @pytest.mark.parametrize(
        "host",
        ["localhost", "localhost:80", "a.example", "127.0.0.1:8080", "[::1]", "[fe80::1%25a]:443"],
    )
    def test_hosts(self, host: str) -> None:
        """RFC 9110 section 7.2: as it was given, the port too."""
        assert _attempt(host=host).request.fields.get_all("Host") == [host]

    @pytest.mark.parametrize(
        "host",
        [
            *("", " ", " a", "a ", "a b", "a\tb", "a\r\nX: y", "a\n", "a\r", "a\x00", "a\x7f"),
            *("ws://a", "a/b", "user@a", "a?b", "a#b", "a\\b", "b\u00fccher.example", '"a"', "<a>"),
        ],
    )
    def test_no_hosts(self, host: str) -> None:
        """Beast sends each of these as it is."""
        with pytest.raises(ValueError, match=r"^the host must be .* \(RFC 9110 section 7\.2\)$"):
            _attempt(host=host)

    @pytest.mark.parametrize(
        "target",
        ["/", "/chat", "/chat?room=1&x=%20", "//", "/a:b@c!$'()*+,;=~", "http://a/b", "https://a"],
    )
    def test_targets(self, target: str) -> None:
        """Section 4.1: a path with a query, or an absolute URI as a proxy gets it."""
        assert _attempt(target=target).encoded.startswith(f"GET {target} HTTP/1.1\r\n".encode())

    @pytest.mark.parametrize(
        "target",
        [
            *("", "chat", "?a", "*", "a:80", "ws://a/", "ftp://a/", " /", "/ ", "/a b", "/a\tb"),
            *("/a#b", "/#", "/\r\nX: y", "/\n", "/\x00", "/\x7f", "/\u00e9", "http:/"),
        ],
    )
    def test_no_targets(self, target: str) -> None:
        """Section 3: no fragment; RFC 9112 section 3.2: no white space."""
        with pytest.raises(ValueError, match=r"^the request-target must .*\(RFC 6455 section 3\)$"):
            _attempt(target=target)

    @given(st.text("ab1:/?#%& \t\r\n\0\x7f\xe9"), st.text("ab1:/?#%& \t\r\n\0\x7f\xe9"))
    def test_nothing_can_be_injected(self, host: str, target: str) -> None:
        """Whatever the arguments, what is sent is one request with these and nothing more."""
        try:
            encoded = _attempt(host=host, target=f"/{target}").encoded
        except ValueError:
            return
        peer = h11.Connection(h11.SERVER)
        peer.receive_data(encoded)
        request = peer.next_event()
        assert isinstance(request, h11.Request)
        assert request.target == f"/{target}".encode()
        assert dict(request.headers)[b"host"] == host.encode()
        assert len(list(request.headers)) == 6
        assert isinstance(peer.next_event(), h11.EndOfMessage)


class TestDecorator:
    """What a user may add to the request, and what not."""

    def test_it_sees_the_request_as_it_would_be_sent(self) -> None:
        seen: list[Request] = []
        attempt = _attempt(seen.append)
        assert seen == [attempt.request]
        assert list(attempt.request.fields) == [
            "Host",
            "Upgrade",
            "Connection",
            "Sec-WebSocket-Key",
            "Sec-WebSocket-Version",
            "User-Agent",
        ]

    @pytest.mark.parametrize(
        ("decorate", "lines"),
        [
            (_setting("User-Agent", "mine/1"), [b"User-Agent: mine/1"]),
            (_setting("user-agent", ""), [b"user-agent: "]),
            (_adding("Cookie", "a=1", "b=2"), [b"Cookie: a=1", b"Cookie: b=2"]),
            (_setting("Host", "virtual.example"), [b"Host: virtual.example"]),
            (_setting("Connection", "keep-alive, Upgrade"), [b"Connection: keep-alive, Upgrade"]),
            (
                _setting("Sec-WebSocket-Protocol", "soap, wamp"),
                [b"Sec-WebSocket-Protocol: soap, wamp"],
            ),
            (_setting("Content-Length", "0"), [b"Content-Length: 0"]),
        ],
    )
    def test_what_it_may_set(self, decorate: Edit, lines: list[bytes]) -> None:
        encoded = _attempt(decorate).encoded
        for line in lines:
            assert encoded.count(b"\r\n" + line + b"\r\n") == 1
        assert encoded.lower().count(b"\r\nuser-agent:") == 1

    def test_it_may_change_the_target(self) -> None:
        def sign(request: Request) -> None:
            request.target += "?signature=1"

        assert _attempt(sign).encoded.startswith(b"GET /?signature=1 HTTP/1.1\r\n")

    def test_it_may_replace_the_fields(self) -> None:
        def reorder(request: Request) -> None:
            request.fields = Fields(sorted(request.fields.lines(), reverse=True))

        lines = _attempt(reorder).encoded.split(b"\r\n")
        assert [line.partition(b":")[0] for line in lines[1:6]] == [
            b"Upgrade",
            b"Sec-WebSocket-Version",
            b"Sec-WebSocket-Key",
            b"Host",
            b"Connection",
        ]

    @pytest.mark.parametrize(
        ("decorate", "text"),
        [
            (_removing("Host"), "a Host field"),
            (_adding("Host", "b"), "one Host field; it is 'localhost, b'"),
            (_removing("Upgrade"), "an Upgrade field"),
            (_setting("Upgrade", "h2c"), "token websocket; it is 'h2c'"),
            (_removing("Connection"), "a Connection field"),
            (_setting("Connection", "close"), "token upgrade; it is 'close'"),
            (_removing("Sec-WebSocket-Key"), "a Sec-WebSocket-Key field"),
            (_setting("Sec-WebSocket-Key", "1234"), "of 16 bytes; it is '1234'"),
            (
                _setting("Sec-WebSocket-Key", "x3JJHMbDL1EzLkh9GBhXDw=="),
                "of 16 bytes; it was replaced",
            ),
            (_removing("Sec-WebSocket-Version"), "a Sec-WebSocket-Version field"),
            (_setting("Sec-WebSocket-Version", "8"), "must be 13; it is '8'"),
            (
                _setting("Sec-WebSocket-Extensions", "x-frames"),
                "the offer was changed, which options alone may do",
            ),
            (_setting("Content-Length", "5"), "must have no content"),
            (_setting("Transfer-Encoding", "chunked"), "must have no content"),
            (lambda request: setattr(request, "body", b"x"), "must have no content"),
            (lambda request: setattr(request, "method", "POST"), "must be GET; it is 'POST'"),
            (lambda request: setattr(request, "version", 10), "must be 1.1; it is 1.0"),
        ],
    )
    def test_what_it_may_not_break(self, decorate: Edit, text: str) -> None:
        with pytest.raises(ValueError, match="the decorator broke the upgrade request: ") as raised:
            _attempt(decorate)
        assert text in str(raised.value)

    @pytest.mark.parametrize(
        ("decorate", "text"),
        [
            (_setting("Host", "a b"), "the host must be a name"),
            (_setting("Host", ""), "the host must be a name"),
            (lambda request: setattr(request, "target", "/a#b"), "the request-target must begin"),
            (lambda request: setattr(request, "target", "/ HTTP/1.1\r\nX: y"), "request-target"),
            (_setting("X-Name", "a\r\nY: b"), "a field value has no control characters"),
            (_setting("X-Name", "a\x00"), "a field value has no control characters"),
            (_setting("X-Name", "\u20ac"), "nothing outside Latin-1"),
            (_setting("X Name", "a"), "a field name is a token"),
            (_setting("X-Name:", "a"), "a field name is a token"),
            (_setting("", "a"), "a field name is a token"),
        ],
    )
    def test_what_may_not_be_sent(self, decorate: Edit, text: str) -> None:
        with pytest.raises(ValueError, match=text):
            _attempt(decorate)

    @pytest.mark.parametrize(
        ("values", "text"),
        [
            (["so ap"], "no list of subprotocols: .* the element 'so ap'"),
            ([""], "one or more different subprotocols, not ''"),
            (["soap, soap"], "one or more different subprotocols, not 'soap, soap'"),
            (["soap", "wamp, soap"], "one or more different subprotocols, not 'soap, wamp, soap'"),
        ],
    )
    def test_subprotocols_that_may_not_be_offered(self, values: list[str], text: str) -> None:
        """Section 4.1, item 10: one or more elements, all different tokens."""
        with pytest.raises(ValueError, match=text):
            _attempt(_adding("Sec-WebSocket-Protocol", *values))

    def test_its_own_errors_pass_through(self) -> None:
        with pytest.raises(KeyError, match="Missing"):
            _attempt(_removing("Missing"))


class TestJudge:
    """What a response must be to open a connection."""

    def _failure(self, response: Response, offer: Edit | None = None) -> HandshakeFailed:
        attempt = _attempt(offer)
        with pytest.raises(HandshakeFailed) as raised:
            attempt.judge(response, reusable=True)
        assert raised.value.request is attempt.request
        assert raised.value.response is response
        return raised.value

    @pytest.mark.parametrize(
        "response",
        [
            _response(),
            _response(Upgrade="WebSocket", Connection="keep-alive, upgrade"),
            _response(Server="x", Sec_WebSocket_Version="13"),
        ],
    )
    def test_an_upgrade(self, response: Response) -> None:
        _attempt().judge(response, reusable=True)

    def test_the_order(self) -> None:
        """Each fault is mended in turn, and the next one is found."""
        response = Response(200, 10)
        fields = response.fields

        def code() -> object:
            return self._failure(response).code

        assert code() is Error.UPGRADE_DECLINED
        response.status = 101
        assert code() is Error.BAD_HTTP_VERSION
        response.version = 11
        for name, wrong, right, missing, bad in [
            ("Connection", "close", "upgrade", Error.NO_CONNECTION, Error.NO_CONNECTION_UPGRADE),
            ("Upgrade", "h2c", "websocket", Error.NO_UPGRADE, Error.NO_UPGRADE_WEBSOCKET),
            ("Sec-WebSocket-Accept", "*", ACCEPT, Error.NO_SEC_ACCEPT, Error.BAD_SEC_ACCEPT),
        ]:
            assert code() is missing
            fields[name] = wrong
            assert code() is bad
            fields[name] = right
        fields["Sec-WebSocket-Extensions"] = "a;"
        assert code() is Error.BAD_SEC_EXTENSIONS
        fields["Sec-WebSocket-Extensions"] = "a"
        fields.insert("Sec-WebSocket-Extensions", "A")
        assert code() is Error.MULTIPLE_EXTENSION
        fields["Sec-WebSocket-Extensions"] = "a"
        assert code() is Error.BAD_EXTENSION
        del fields["Sec-WebSocket-Extensions"]
        fields.extend([("Sec-WebSocket-Protocol", "a"), ("Sec-WebSocket-Protocol", "a")])
        assert code() is Error.MULTIPLE_SUBPROTOCOL
        fields["Sec-WebSocket-Protocol"] = "a"
        assert code() is Error.BAD_SUBPROTOCOL
        del fields["Sec-WebSocket-Protocol"]
        _attempt().judge(response, reusable=True)

    @pytest.mark.parametrize(
        ("response", "code", "detail"),
        [
            (Response(404), Error.UPGRADE_DECLINED, "it is 404"),
            (Response(404, reason="No Room"), Error.UPGRADE_DECLINED, "it is 404 No Room"),
            (_response(version=10), Error.BAD_HTTP_VERSION, "it is 1.0"),
            (
                _response(Sec_WebSocket_Accept="*"),
                Error.BAD_SEC_ACCEPT,
                f"it is '*' where '{ACCEPT}' is due",
            ),
            (
                _response(Sec_WebSocket_Accept=ACCEPT.swapcase()),
                Error.BAD_SEC_ACCEPT,
                f"it is '{ACCEPT.swapcase()}' where '{ACCEPT}' is due",
            ),
            # Section 11.3.3: at most once. Beast takes the first.
            (
                _doubled("Sec-WebSocket-Accept", ACCEPT),
                Error.BAD_SEC_ACCEPT,
                f"it is '{ACCEPT}, {ACCEPT}' where '{ACCEPT}' is due",
            ),
        ],
    )
    def test_details(self, response: Response, code: Error, detail: str) -> None:
        failure = self._failure(response)
        assert (failure.code, failure.detail) == (code, detail)

    @pytest.mark.parametrize(
        ("values", "code", "detail"),
        [
            (
                ["permessage-deflate"],
                Error.BAD_EXTENSION,
                "it is 'permessage-deflate' where nothing was offered",
            ),
            (["a; b=c"], Error.BAD_EXTENSION, "it is 'a' where nothing was offered"),
            ([""], Error.BAD_SEC_EXTENSIONS, "a list of extensions has none"),
            (["a; ;"], Error.BAD_SEC_EXTENSIONS, "the extension 'a' goes on with '; ;'"),
            (["a; b=\"c d\""], Error.BAD_SEC_EXTENSIONS, "is no token in its quotes"),
            (["a, b, a"], Error.MULTIPLE_EXTENSION, "they are 'a, b, a'"),
            (["a; b", "A; c"], Error.MULTIPLE_EXTENSION, "they are 'a, a'"),
        ],
    )
    def test_extensions(self, values: list[str], code: Error, detail: str) -> None:
        """Sections 4.1, item 5, and 9.1. Beast ignores what it does not know."""
        failure = self._failure(_doubled("Sec-WebSocket-Extensions", *values))
        assert failure.code is code
        assert detail in failure.detail

    @pytest.mark.parametrize("chosen", ["soap", "wamp"])
    def test_a_subprotocol_that_was_offered(self, chosen: str) -> None:
        """Section 4.1, item 6."""
        offer = _setting("Sec-WebSocket-Protocol", "soap, wamp")
        _attempt(offer).judge(_response(Sec_WebSocket_Protocol=chosen), reusable=True)

    def test_a_server_may_choose_none(self) -> None:
        """Section 4.2.2, item 5.5: the field is left out."""
        _attempt(_setting("Sec-WebSocket-Protocol", "soap")).judge(_response(), reusable=True)

    @pytest.mark.parametrize(
        ("values", "code", "detail"),
        [
            (["mqtt"], Error.BAD_SUBPROTOCOL, "it is 'mqtt' where 'soap, wamp' was offered"),
            (["SOAP"], Error.BAD_SUBPROTOCOL, "it is 'SOAP' where 'soap, wamp' was offered"),
            ([""], Error.BAD_SUBPROTOCOL, "it is '' where 'soap, wamp' was offered"),
            (
                ["soap, wamp"],
                Error.BAD_SUBPROTOCOL,
                "it is 'soap, wamp' where 'soap, wamp' was offered",
            ),
            (["soap", "wamp"], Error.MULTIPLE_SUBPROTOCOL, "they are 'soap, wamp'"),
            (["soap", "soap"], Error.MULTIPLE_SUBPROTOCOL, "they are 'soap, soap'"),
        ],
    )
    def test_subprotocols_that_were_not(
        self, values: list[str], code: Error, detail: str
    ) -> None:
        """Sections 4.1, item 6, and 11.3.4. Beast does not look at them."""
        offer = _setting("Sec-WebSocket-Protocol", "soap, wamp")
        failure = self._failure(_doubled("Sec-WebSocket-Protocol", *values), offer)
        assert (failure.code, failure.detail) == (code, detail)

    def test_a_subprotocol_where_none_was_offered(self) -> None:
        failure = self._failure(_response(Sec_WebSocket_Protocol="soap"))
        assert failure.code is Error.BAD_SUBPROTOCOL
        assert failure.detail == "it is 'soap' where nothing was offered"

    @pytest.mark.parametrize(
        ("response", "reusable", "keep_alive"),
        [
            (Response(401), True, True),
            (Response(401), False, False),
            (Response(401, fields={"Connection": "close"}), True, False),
            (Response(401, fields={"Connection": "Keep-Alive, Close"}), True, False),
            (Response(401, 10), True, False),
            (Response(401, 10, fields={"Connection": "keep-alive"}), True, True),
            # The server speaks WebSocket from here on.
            (_response(Sec_WebSocket_Accept="*"), True, False),
        ],
    )
    def test_keep_alive(self, response: Response, reusable: bool, keep_alive: bool) -> None:
        """RFC 9112 section 9.3: whether the connection is good for another attempt."""
        with pytest.raises(HandshakeFailed) as raised:
            _attempt().judge(response, reusable=reusable)
        assert raised.value.keep_alive is keep_alive


def test_the_key_of_the_specification() -> None:
    """Section 1.3, with the nonce of its example."""
    assert _attempt().request.fields["Sec-WebSocket-Key"] == KEY
