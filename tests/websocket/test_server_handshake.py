"""The server's half of the opening handshake, as pure functions: RFC 6455 section 4.2."""

from collections.abc import Callable
from http import HTTPStatus

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly import __version__
from beastly.http import Error as HttpErrorCode
from beastly.http import Fields, HttpError, Request, Response
from beastly.websocket._server_handshake import CONTINUE, answer, expects_continue, refuse
from beastly.websocket.error import Error
from tests.support.wire import ACCEPT, KEY

Edit = Callable[[Response], object]

SERVER = b"Server: beastly/" + __version__.encode() + b"\r\n"


def _request(method: str = "GET", version: int = 11, **changes: str | None) -> Request:
    """An upgrade request with fields replaced, or removed by `None`; names with _ for -."""
    fields: dict[str, str | None] = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
    }
    fields |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [(name, value) for name, value in fields.items() if value is not None]
    return Request(method, "/", version, fields=lines)


def _twice(name: str, value: str) -> Request:
    request = _request()
    request.fields.insert(name, value)
    return request


def _refusal(status: bytes, text: bytes, connection: bytes = b"") -> bytes:
    """A whole refusal whose content is one line of text."""
    return (
        b"HTTP/1.1 " + status + b"\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: " + str(len(text) + 1).encode() + b"\r\n"
        + SERVER + connection + b"\r\n"
        + text + b"\n"
    )  # fmt: skip


def _setting(name: str, value: str) -> Edit:
    def edit(response: Response) -> None:
        response.fields[name] = value

    return edit


def _adding(name: str, *values: str) -> Edit:
    def edit(response: Response) -> None:
        for value in values:
            response.fields.insert(name, value)

    return edit


def _removing(name: str) -> Edit:
    def edit(response: Response) -> None:
        del response.fields[name]

    return edit


def _declining(status: int, body: bytes = b"", **fields: str) -> Edit:
    def edit(response: Response) -> None:
        response.status = status
        response.body = body
        response.fields.extend(fields.items())

    return edit


class TestAccepted:
    """The 101 (section 4.2.2)."""

    @pytest.mark.parametrize(
        "request_",
        [
            _request(),
            _request(Connection="keep-alive, Upgrade", Upgrade="h2c, WebSocket"),
            _request(Content_Length="0"),
            _request(Origin="http://elsewhere.example", Sec_WebSocket_Protocol="soap"),
            _request(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits"),
            _request(Connection="upgrade, close"),
        ],
    )
    def test_bytes(self, request_: Request) -> None:
        reply = answer(request_)
        assert reply.encoded == (
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" + SERVER + b"\r\n"
        )
        assert reply.encoded == reply.response.encode()
        assert reply.failure is None
        assert reply.response.status == 101
        assert reply.response.fields["Sec-WebSocket-Accept"] == ACCEPT


class TestRefused:
    """What a request gets that may not be upgraded, with the rule that it breaks as its content."""

    @pytest.mark.parametrize(
        ("request_", "code", "text"),
        [
            (
                _request("POST"),
                Error.BAD_METHOD,
                b"the method must be GET; it is 'POST' (RFC 6455 section 4.1)",
            ),
            (
                _request(Host=None),
                Error.NO_HOST,
                b"the request must have a Host field (RFC 9112 section 3.2)",
            ),
            (
                _twice("Host", "b"),
                Error.MULTIPLE_HOST,
                b"the request must have one Host field; it is 'localhost, b'"
                b" (RFC 9112 section 3.2)",
            ),
            (
                _request(Connection=None),
                Error.NO_CONNECTION,
                b"there must be a Connection field (RFC 6455 section 4.1)",
            ),
            (
                _request(Connection="keep-alive"),
                Error.NO_CONNECTION_UPGRADE,
                b"the Connection field must have the token upgrade; it is 'keep-alive'"
                b" (RFC 6455 section 4.1)",
            ),
            (
                _request(Upgrade=None),
                Error.NO_UPGRADE,
                b"there must be an Upgrade field (RFC 6455 section 4.1)",
            ),
            (
                _request(Upgrade="h2c"),
                Error.NO_UPGRADE_WEBSOCKET,
                b"the Upgrade field must have the token websocket; it is 'h2c'"
                b" (RFC 6455 section 4.1)",
            ),
            (
                _request(Sec_WebSocket_Key=None),
                Error.NO_SEC_KEY,
                b"the request must have a Sec-WebSocket-Key field (RFC 6455 section 4.2.1)",
            ),
            (
                _request(Sec_WebSocket_Key="1234"),
                Error.BAD_SEC_KEY,
                b"there must be one Sec-WebSocket-Key, the base64 form of 16 bytes; it is '1234'"
                b" (RFC 6455 section 4.2.1)",
            ),
            (
                _request(Sec_WebSocket_Version=None),
                Error.NO_SEC_VERSION,
                b"the request must have a Sec-WebSocket-Version field (RFC 6455 section 4.2.1)",
            ),
            (
                _request(Sec_WebSocket_Extensions="permessage-deflate; =9"),
                Error.BAD_SEC_EXTENSIONS,
                b"the Sec-WebSocket-Extensions field must be a list of extensions;"
                b" the extension 'permessage-deflate' goes on with '; =9'"
                b" (RFC 6455 section 9.1)",
            ),
            (
                _request(Content_Length="5"),
                Error.UNEXPECTED_CONTENT,
                b"an upgrade request must have no content (RFC 6455 section 4.1)",
            ),
        ],
        ids=lambda value: value.name if isinstance(value, Error) else "",
    )
    def test_400(self, request_: Request, code: Error, text: bytes) -> None:
        reply = answer(request_)
        assert reply.encoded == _refusal(b"400 Bad Request", text)
        failure = reply.failure
        assert failure is not None
        assert (failure.code, failure.keep_alive) == (code, True)
        assert failure.request is request_
        assert failure.response is reply.response

    def test_426(self) -> None:
        """Section 4.4, and RFC 9110 section 15.5.22, which asks for an Upgrade field: Beast has
        none."""
        reply = answer(_request(Sec_WebSocket_Version="8"))
        text = b"the Sec-WebSocket-Version must be 13; it is '8' (RFC 6455 section 4.4)\n"
        assert reply.encoded == (
            b"HTTP/1.1 426 Upgrade Required\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Length: 71\r\n" + SERVER + b"\r\n" + text
        )
        assert reply.failure is not None
        assert (reply.failure.code, reply.failure.keep_alive) == (Error.BAD_SEC_VERSION, True)

    def test_http_1_0(self) -> None:
        """RFC 9112 section 9.3: such a connection ends unless the client asks for more."""
        text = b"the HTTP version must be 1.1; it is 1.0 (RFC 6455 section 4.1)"
        reply = answer(_request(version=10))
        assert reply.encoded == _refusal(b"400 Bad Request", text, b"Connection: close\r\n")
        assert reply.failure is not None
        assert (reply.failure.code, reply.failure.keep_alive) == (Error.BAD_HTTP_VERSION, False)
        reply = answer(_request(version=10, Connection="keep-alive"))
        assert reply.encoded == _refusal(b"400 Bad Request", text, b"Connection: keep-alive\r\n")
        assert reply.failure is not None
        assert reply.failure.keep_alive

    def test_the_answer_to_head_has_no_content(self) -> None:
        """RFC 9110 section 9.3.2: otherwise the client takes it for the next response."""
        reply = answer(_request("HEAD"))
        whole = _refusal(
            b"400 Bad Request", b"the method must be GET; it is 'HEAD' (RFC 6455 section 4.1)"
        )
        assert reply.encoded == whole[: whole.index(b"\r\n\r\n") + 4]
        assert reply.failure is not None
        assert reply.failure.keep_alive

    @pytest.mark.parametrize(
        ("request_", "connection"),
        [
            (_request("POST", Connection="upgrade, close"), "close"),
            (_request(Sec_WebSocket_Version="8", Connection="Close, upgrade"), "Upgrade, close"),
            # Nobody knows whether the content will come (RFC 9110 section 10.1.1).
            (_request(Expect="100-Continue", Content_Length="5"), "close"),
            (_request(Expect="100-continue", Transfer_Encoding="chunked"), "close"),
        ],
    )
    def test_the_end_is_announced(self, request_: Request, connection: str) -> None:
        reply = answer(request_)
        assert reply.response.fields.get_all("Connection") == [connection]
        assert not reply.response.keep_alive
        assert reply.failure is not None
        assert not reply.failure.keep_alive

    def test_expecting_without_content_ends_nothing(self) -> None:
        failure = answer(_request("POST", Expect="100-continue")).failure
        assert failure is not None
        assert failure.keep_alive

    def test_text_beyond_ascii_is_utf_8(self) -> None:
        reply = answer(_request(Upgrade="\xfcber"))
        assert "it is '\xfcber'".encode() in reply.response.body
        assert reply.response.fields["Content-Length"] == str(len(reply.response.body))


# The status that each fault of the bytes is answered with; none where nobody is left.
STATUSES = {
    HttpErrorCode.PARTIAL_MESSAGE: 400,
    HttpErrorCode.START_LINE_LIMIT: 414,
    HttpErrorCode.FIELD_LINE_LIMIT: 431,
    HttpErrorCode.FIELD_COUNT_LIMIT: 431,
    HttpErrorCode.HEADER_LIMIT: 431,
    HttpErrorCode.BODY_LIMIT: 413,
    HttpErrorCode.BAD_LINE_ENDING: 400,
    HttpErrorCode.BAD_METHOD: 400,
    HttpErrorCode.BAD_TARGET: 400,
    HttpErrorCode.BAD_VERSION: 505,
    HttpErrorCode.BAD_FIELD: 400,
    HttpErrorCode.BAD_VALUE: 400,
    HttpErrorCode.BAD_OBS_FOLD: 400,
    HttpErrorCode.MULTIPLE_HOST: 400,
    HttpErrorCode.BAD_CONTENT_LENGTH: 400,
    HttpErrorCode.MULTIPLE_CONTENT_LENGTH: 400,
    HttpErrorCode.BAD_TRANSFER_ENCODING: 501,
    HttpErrorCode.BAD_CHUNK: 400,
    HttpErrorCode.BAD_CHUNK_EXTENSION: 400,
    HttpErrorCode.END_OF_STREAM: None,
    HttpErrorCode.BAD_STATUS: None,
    HttpErrorCode.BAD_REASON: None,
}


class TestRefuse:
    """What bytes get that are no request (RFC 9112, and RFC 9110 section 15)."""

    def test_every_code_has_its_row(self) -> None:
        assert set(STATUSES) == set(HttpErrorCode)

    @pytest.mark.parametrize(("code", "status"), STATUSES.items(), ids=lambda value: str(value))
    def test_status(self, code: HttpErrorCode, status: int | None) -> None:
        reply = refuse(HttpError(code, "so it was"))
        if status is None:
            assert reply is None
            return
        assert reply is not None
        text = f"{code.message}; so it was ({code.section})".encode()
        # The phrases of some of these depend on the version of Python.
        line = f"{status} {HTTPStatus(status).phrase}".encode()
        assert reply.encoded == _refusal(line, text, b"Connection: close\r\n")
        failure = reply.failure
        assert failure is not None
        assert (failure.code, failure.detail, failure.keep_alive) == (code, "so it was", False)
        assert failure.request is None
        assert failure.response is reply.response

    def test_decorated(self) -> None:
        reply = refuse(HttpError(HttpErrorCode.BAD_TARGET), _declining(404, b"gone", Via="1.1 a"))
        assert reply is not None
        assert reply.encoded == (
            b"HTTP/1.1 404 Not Found\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Via: 1.1 a\r\n"
            b"Content-Length: 4\r\n" + SERVER + b"Connection: close\r\n\r\ngone"
        )


class TestDecorator:
    """What a user may do to a response: any that is valid, refusals too."""

    def test_it_sees_every_response(self) -> None:
        """Beast calls it for successes and failures alike; the status tells which."""
        seen: list[int] = []

        def look(response: Response) -> None:
            seen.append(response.status)

        answer(_request(), look)
        answer(_request("POST"), look)
        answer(_request(Sec_WebSocket_Version="8"), look)
        refuse(HttpError(HttpErrorCode.BAD_VERSION), look)
        assert seen == [101, 400, 426, 505]

    @pytest.mark.parametrize(
        ("decorate", "lines"),
        [
            (_setting("Server", "mine/1"), [b"Server: mine/1"]),
            (_setting("server", ""), [b"server: "]),
            (_adding("Set-Cookie", "a=1", "b=2"), [b"Set-Cookie: a=1", b"Set-Cookie: b=2"]),
            (_setting("Sec-WebSocket-Protocol", "wamp"), [b"Sec-WebSocket-Protocol: wamp"]),
            (_setting("Connection", "x, Upgrade"), [b"Connection: x, Upgrade"]),
        ],
    )
    def test_what_it_may_set_in_a_101(self, decorate: Edit, lines: list[bytes]) -> None:
        reply = answer(_request(Sec_WebSocket_Protocol="soap, wamp"), decorate)
        assert reply.failure is None
        assert reply.encoded.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        for line in lines:
            assert reply.encoded.count(b"\r\n" + line + b"\r\n") == 1
        assert reply.encoded.lower().count(b"\r\nserver:") == 1

    def test_it_may_set_the_phrase(self) -> None:
        reply = answer(_request(), lambda response: setattr(response, "reason", "Welcome"))
        assert reply.encoded.startswith(b"HTTP/1.1 101 Welcome\r\n")

    def test_it_may_replace_the_fields(self) -> None:
        def reorder(response: Response) -> None:
            response.fields = Fields(sorted(response.fields.lines(), reverse=True))

        assert answer(_request(), reorder).failure is None

    @pytest.mark.parametrize(
        ("decorate", "text"),
        [
            (_removing("Upgrade"), "an Upgrade field"),
            (_setting("Upgrade", "h2c"), "token websocket; it is 'h2c'"),
            (_removing("Connection"), "a Connection field"),
            (_setting("Connection", "close"), "token upgrade; it is 'close'"),
            (_removing("Sec-WebSocket-Accept"), "it was replaced"),
            (_setting("Sec-WebSocket-Accept", "*"), "it was replaced"),
            (_adding("Sec-WebSocket-Accept", ACCEPT), "it was replaced"),
            (
                _setting("Sec-WebSocket-Extensions", "permessage-deflate"),
                "the answer was changed, which options alone may do",
            ),
            (_setting("Sec-WebSocket-Protocol", "mqtt"), "one of those offered; it is 'mqtt'"),
            (_setting("Sec-WebSocket-Protocol", "SOAP"), "one of those offered; it is 'SOAP'"),
            (_setting("Sec-WebSocket-Protocol", ""), "one of those offered; it is ''"),
            (_adding("Sec-WebSocket-Protocol", "soap", "wamp"), "they are 'soap, wamp'"),
            (lambda response: setattr(response, "body", b"x"), "a 101 has none either"),
            (_setting("Content-Length", "0"), "a 101 has none either"),
            (lambda response: setattr(response, "version", 10), "the HTTP version must be 1.1"),
        ],
    )
    def test_what_it_may_not_break(self, decorate: Edit, text: str) -> None:
        with pytest.raises(ValueError, match="^the decorator broke the 101 response: ") as raised:
            answer(_request(Sec_WebSocket_Protocol="soap, wamp"), decorate)
        assert text in str(raised.value)

    @pytest.mark.parametrize(
        ("decorate", "text"),
        [
            (_setting("X-Name", "a\r\nY: b"), "a field value has no control characters"),
            (_setting("X-Name", "a\x00"), "a field value has no control characters"),
            (_setting("X Name", "a"), "a field name is a token"),
            (_setting("Transfer-Encoding", "chunked"), "never with Transfer-Encoding"),
            (lambda response: setattr(response, "reason", "a\r\nY: b"), "a reason phrase has no"),
        ],
    )
    def test_what_may_not_be_sent(self, decorate: Edit, text: str) -> None:
        with pytest.raises(ValueError, match=text):
            answer(_request(), decorate)

    def test_its_own_errors_pass_through(self) -> None:
        with pytest.raises(KeyError, match="Missing"):
            answer(_request(), _removing("Missing"))


class TestDeclinedByTheDecorator:
    """A 101 whose status is changed is a refusal. Beast sends it and opens the stream."""

    def test_bytes(self) -> None:
        reply = answer(_request(), _declining(403, b"no entry", Via="1.1 a"))
        assert reply.encoded == (
            b"HTTP/1.1 403 Forbidden\r\n"
            b"Via: 1.1 a\r\n"
            b"Content-Length: 8\r\n" + SERVER + b"\r\nno entry"
        )
        failure = reply.failure
        assert failure is not None
        assert failure.code is Error.UPGRADE_DECLINED
        assert failure.detail == "the decorator made it 403"
        assert failure.keep_alive

    def test_nothing_of_the_101_is_left(self) -> None:
        def decline(response: Response) -> None:
            response.fields["Sec-WebSocket-Protocol"] = "soap"
            response.fields["Connection"] = "Upgrade, X-Hop"
            response.status = HTTPStatus.UNAUTHORIZED
            response.fields["WWW-Authenticate"] = 'Basic realm="chat"'

        reply = answer(_request(Sec_WebSocket_Protocol="soap"), decline)
        assert reply.encoded == (
            b"HTTP/1.1 401 Unauthorized\r\n"
            b"Connection: X-Hop\r\n"
            b'WWW-Authenticate: Basic realm="chat"\r\n'
            b"Content-Length: 0\r\n" + SERVER + b"\r\n"
        )

    @pytest.mark.parametrize("connection", ["close", "Upgrade, close", "close, upgrade"])
    def test_it_may_end_the_connection(self, connection: str) -> None:
        def decline(response: Response) -> None:
            response.status = 503
            response.fields["Connection"] = connection

        reply = answer(_request(), decline)
        assert reply.response.fields.get_all("Connection") == ["close"]
        assert reply.failure is not None
        assert not reply.failure.keep_alive

    def test_a_426_names_the_protocol(self) -> None:
        """RFC 9110 section 15.5.22."""
        reply = answer(_request(), _declining(426))
        assert reply.encoded == (
            b"HTTP/1.1 426 Upgrade Required\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Content-Length: 0\r\n" + SERVER + b"\r\n"
        )

    def test_a_status_without_content(self) -> None:
        """RFC 9110 section 15.3.5: not even a length."""
        reply = answer(_request(), _declining(204))
        assert reply.encoded == b"HTTP/1.1 204 No Content\r\n" + SERVER + b"\r\n"

    @pytest.mark.parametrize(
        ("decorate", "text"),
        [
            (_declining(100), "a final status, 200 to 999, not 100 "),
            (_declining(199), "a final status, 200 to 999, not 199 "),
            (_declining(0), "a final status, 200 to 999, not 0 "),
            (_declining(1000), "a status code is from 100 to 999"),
            (_declining(204, b"content"), "a 204 response has no content"),
            (_declining(403, X="a\r\nY: b"), "a field value has no control characters"),
        ],
    )
    def test_what_may_not_be_sent(self, decorate: Edit, text: str) -> None:
        with pytest.raises(ValueError, match=text):
            answer(_request(), decorate)

    def test_a_refusal_may_not_become_a_101(self) -> None:
        with pytest.raises(ValueError, match="a final status, 200 to 999, not 101 "):
            answer(_request("POST"), _declining(101))

    def test_content_of_any_size_has_its_length(self) -> None:
        """Beast sends the length that it had before."""
        for body in (b"", b"x" * 100_000):
            reply = answer(_request("POST"), _declining(400, body))
            assert reply.response.fields.get_all("Content-Length") == [str(len(body))]
            assert reply.encoded.endswith(b"\r\n\r\n" + body)


class TestExpectation:
    """RFC 9110 section 10.1.1."""

    def test_the_interim_response(self) -> None:
        assert CONTINUE == b"HTTP/1.1 100 Continue\r\n\r\n"

    @pytest.mark.parametrize(
        ("expect", "expects"),
        [
            (None, False),
            ("", False),
            ("100-continue", True),
            ("100-CONTINUE", True),
            ("200-ok", False),
            ("100-continue, other", False),
        ],
    )
    def test_who_waits(self, expect: str | None, expects: bool) -> None:
        assert expects_continue(_request(Expect=expect)) == expects


@given(
    st.dictionaries(
        st.sampled_from(["Upgrade", "Connection", "Sec_WebSocket_Key", "Host", "Expect"]),
        st.none() | st.text("upgrade, websocket/13\xe9\t\"'<>&", max_size=30),
    ),
    st.sampled_from(["GET", "POST", "HEAD"]),
    st.sampled_from([10, 11]),
)
def test_every_answer_is_a_response(
    changes: dict[str, str | None], method: str, version: int
) -> None:
    """What is echoed of a request cannot break the answer: h11 reads what was meant."""
    request = _request(method, version, **changes)
    reply = answer(request)
    peer = h11.Connection(h11.CLIENT)
    offer = [("Host", "a"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]
    peer.send(h11.Request(method=method, target="/", headers=offer))
    peer.send(h11.EndOfMessage())
    peer.receive_data(reply.encoded)
    event = peer.next_event()
    if reply.failure is None:
        assert isinstance(event, h11.InformationalResponse)
        assert event.status_code == 101
        return
    assert isinstance(event, h11.Response)
    assert event.status_code == reply.response.status
    content = b""
    while isinstance(event := peer.next_event(), h11.Data):
        content += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert content == (b"" if method == "HEAD" else reply.response.body)
    assert peer.trailing_data == (b"", False)
    assert (peer.their_state is h11.DONE) == reply.failure.keep_alive
