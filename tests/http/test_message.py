from collections.abc import Callable
from http import HTTPStatus

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beastly.http import Fields, Request, Response


def test_defaults() -> None:
    request = Request()
    assert (request.method, request.target, request.version) == ("GET", "/", 11)
    assert (list(request.fields), request.body) == ([], b"")
    response = Response()
    assert (response.status, response.reason, response.version) == (HTTPStatus.OK, "", 11)
    assert (list(response.fields), response.body) == ([], b"")


def test_messages_do_not_share_fields() -> None:
    first, second = Request(), Request()
    first.fields["A"] = "1"
    assert "A" not in second.fields


def test_fields_are_taken_over_and_other_mappings_copied() -> None:
    fields = Fields({"A": "1"})
    assert Request(fields=fields).fields is fields
    assert list(Response(fields={"A": "1"}).fields.lines()) == [("A", "1")]
    assert list(Response(fields=[("A", "1"), ("a", "2")]).fields.lines()) == [
        ("A", "1"),
        ("a", "2"),
    ]


@pytest.mark.parametrize("body", [b"ab", bytearray(b"ab"), memoryview(b"xaby")[1:3]])
def test_a_body_is_bytes(body: bytes | bytearray | memoryview) -> None:
    response = Response(body=body)
    assert type(response.body) is bytes
    assert response.body == b"ab"
    request = Request()
    request.body = body
    assert type(request.body) is bytes
    assert request.body == b"ab"


@pytest.mark.parametrize("make", [Request, Response])
def test_text_is_no_body(make: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match="bytes-like"):
        make(body="text")


def test_statuses() -> None:
    response = Response(404)
    assert response.status is HTTPStatus.NOT_FOUND
    response.status = 101
    assert response.status is HTTPStatus.SWITCHING_PROTOCOLS
    response.status = 599
    assert response.status == 599
    assert not isinstance(response.status, HTTPStatus)


@pytest.mark.parametrize(
    ("version", "options", "keep_alive"),
    [
        (11, [], True),
        (11, ["close"], False),
        (11, ["Upgrade"], True),
        (11, ["keep-alive, CLOSE"], False),
        (11, ["keep-alive", "Close"], False),
        (11, ["closed"], True),
        (10, [], False),
        (10, ["Keep-Alive"], True),
        (10, ["Upgrade", "x, keep-alive"], True),
        (10, ["keep-alive, close"], False),
    ],
)
def test_keep_alive(version: int, options: list[str], keep_alive: bool) -> None:
    """RFC 9112 section 9.3, over all Connection fields."""
    fields = Fields([("Connection", option) for option in options])
    assert Request(version=version, fields=fields).keep_alive is keep_alive
    assert Response(version=version, fields=fields).keep_alive is keep_alive


def test_request_on_the_wire() -> None:
    request = Request("PUT", "/a?b", 10, fields=[("Host", "x"), ("Cookie", "a"), ("cookie", "")])
    assert request.encode() == b"PUT /a?b HTTP/1.0\r\nHost: x\r\nCookie: a\r\ncookie: \r\n\r\n"
    request.body = b"\x00\r\nhello"
    request.prepare_payload()
    assert request.encode() == (
        b"PUT /a?b HTTP/1.0\r\nHost: x\r\nCookie: a\r\ncookie: \r\nContent-Length: 8\r\n\r\n"
        b"\x00\r\nhello"
    )


def test_response_on_the_wire() -> None:
    response = Response(401, fields={"Content-Length": "2"}, body=b"no")
    assert response.encode() == b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"
    response.reason = "Nur f\xfcr uns"
    assert response.encode().startswith(b"HTTP/1.1 401 Nur f\xfcr uns\r\n")


def test_a_status_without_a_phrase() -> None:
    response = Response(599, fields={"Content-Length": "0"})
    assert response.encode() == b"HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("target", ["/", "*", "http://a/b", "a:443", "/%20?x#y"])
def test_targets(target: str) -> None:
    """RFC 9112 section 3.2."""
    assert Request(target=target, version=10).encode() == f"GET {target} HTTP/1.0\r\n\r\n".encode()


INJECTIONS = ["a\r\nX: y", "a\n", "\r", "a\x00b", "\x7f", "\x1b[2J", "☃"]


@pytest.mark.parametrize("method", ["", "GE T", "G:", "GÉT", *INJECTIONS])
def test_bad_method(method: str) -> None:
    with pytest.raises(ValueError, match=r"the method is a token \(RFC 9110 section 9\.1\)"):
        Request(method, fields={"Host": "a"}).encode()


@pytest.mark.parametrize("target", ["", " ", "/a b", "/\t", "/é", *INJECTIONS])
def test_bad_target(target: str) -> None:
    """Beast copies it as it is (9, item 12)."""
    with pytest.raises(ValueError, match=r"request-target is .* \(RFC 9112 section 3\.2\)"):
        Request(target=target, fields={"Host": "a"}).encode()


@pytest.mark.parametrize("name", ["", "a b", "a:", " a", "é", *INJECTIONS])
def test_bad_field_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"a field name is a token \(RFC 9110 section 5\.1\)"):
        Request(fields={"Host": "a", name: "b"}).encode()
    with pytest.raises(ValueError, match=r"a field name is a token \(RFC 9110 section 5\.1\)"):
        Response(101, fields={name: "b"}).encode()


@pytest.mark.parametrize("value", INJECTIONS)
def test_bad_field_value(value: str) -> None:
    with pytest.raises(ValueError, match=r"section 5\.5\), unlike Host"):
        Request(fields={"Host": value}).encode()
    with pytest.raises(ValueError, match=r"section 5\.5\), unlike X-Name"):
        Response(101, fields={"A": "", "X-Name": value}).encode()


@pytest.mark.parametrize("reason", INJECTIONS)
def test_bad_reason(reason: str) -> None:
    with pytest.raises(ValueError, match=r"a reason phrase .*RFC 9112 section 4"):
        Response(101, reason=reason).encode()


@pytest.mark.parametrize("version", [0, 9, 12, 20, 1])
def test_bad_version(version: int) -> None:
    for message in (Request(version=version), Response(101, version)):
        with pytest.raises(ValueError, match=rf"the version is 11 or 10 .* not {version}"):
            message.encode()


@pytest.mark.parametrize("status", [-1, 0, 99, 1000])
def test_bad_status(status: int) -> None:
    with pytest.raises(ValueError, match=rf"from 100 to 999 .* not {status}"):
        Response(status).encode()


def test_hosts() -> None:
    """RFC 9112 section 3.2: one in HTTP/1.1, at most one before."""
    with pytest.raises(ValueError, match=r"one Host field .* not \[\]"):
        Request().encode()
    two = [("Host", "a"), ("host", "a")]
    for version in (10, 11):
        with pytest.raises(ValueError, match=r"one Host field .* not \['a', 'a'\]"):
            Request(version=version, fields=two).encode()
    assert Request(fields={"Host": ""}).encode() == b"GET / HTTP/1.1\r\nHost: \r\n\r\n"


def request(body: bytes = b"", **fields: str) -> Request:
    lines = {name.replace("_", "-"): value for name, value in fields.items()}
    return Request("POST", fields={"Host": "a", **lines}, body=body)


def response(status: int, body: bytes = b"", **fields: str) -> Response:
    lines = {name.replace("_", "-"): value for name, value in fields.items()}
    return Response(status, fields=lines, body=body)


MISFRAMED: list[tuple[Request | Response, str]] = [
    (request(b"ab"), "a body of 2 bytes needs a Content-Length"),
    (request(b"ab", Content_Length="3"), "Content-Length is '3' and the body has 2 bytes"),
    (request(b"ab", Content_Length="02"), "Content-Length is '02' and the body has 2 bytes"),
    (request(Content_Length=""), "Content-Length is '' and the body has 0 bytes"),
    (request(b"ab", Transfer_Encoding="chunked"), "never with Transfer-Encoding"),
    (response(200, Transfer_Encoding="chunked"), "never with Transfer-Encoding"),
    (response(200), "has a Content-Length or Connection: close"),
    (response(200, b"ab"), "has a Content-Length or Connection: close"),
    (response(200, b"ab", Content_Length="1"), "Content-Length is '1' and the body has 2"),
    (response(200, b"ab", Content_Length="1", Connection="close"), "Content-Length is '1'"),
    (response(101, b"ab"), "a 101 response has no content"),
    (response(204, b"ab"), "a 204 response has no content"),
    (response(304, b"ab"), "a 304 response has no content"),
    (response(101, Content_Length="0"), "a 101 response has no Content-Length"),
    (response(204, Content_Length="0"), "a 204 response has no Content-Length"),
    (response(304, Content_Length="x"), "Content-Length is a decimal number"),
    (
        Response(200, fields=[("Content-Length", "0"), ("content-length", "0")]),
        "one Content-Length",
    ),
]


@pytest.mark.parametrize(("message", "text"), MISFRAMED)
def test_fields_that_do_not_frame_the_body(message: Request | Response, text: str) -> None:
    """RFC 9112 sections 6.2 and 6.3, RFC 9110 section 8.6."""
    with pytest.raises(ValueError, match=f"{text}.*RFC 911"):
        message.encode()


FRAMED: list[tuple[Response, bytes]] = [
    (response(101), b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    (response(100), b"HTTP/1.1 100 Continue\r\n\r\n"),
    (response(204), b"HTTP/1.1 204 No Content\r\n\r\n"),
    (response(304), b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    (
        response(304, Content_Length="5"),
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
    ),
    (response(200, b"a", Connection="close"), b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na"),
    (Response(200, 10, body=b"a"), b"HTTP/1.0 200 OK\r\n\r\na"),
]


@pytest.mark.parametrize(("message", "wire"), FRAMED)
def test_responses_without_a_length(message: Response, wire: bytes) -> None:
    assert message.encode() == wire


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("GET", b"", None),
        ("DELETE", b"", None),
        ("GET", b"abc", "3"),
        ("POST", b"", "0"),
        ("PUT", b"", "0"),
        ("PATCH", b"abc", "3"),
    ],
)
def test_preparing_a_request(method: str, body: bytes, length: str | None) -> None:
    """RFC 9110 section 8.6."""
    stale = {"Host": "a", "Transfer-Encoding": "chunked", "Content-Length": "77", "X": ""}
    for fields in (stale, {"Host": "a"}):
        message = Request(method, fields=fields, body=body)
        message.prepare_payload()
        assert message.fields.get("Content-Length") == length
        assert "Transfer-Encoding" not in message.fields
        message.encode()


@pytest.mark.parametrize(
    ("status", "body", "length"),
    [(200, b"", "0"), (404, b"abc", "3"), (101, b"", None), (204, b"", None), (304, b"", "77")],
)
def test_preparing_a_response(status: int, body: bytes, length: str | None) -> None:
    """RFC 9110 section 8.6. A 304 keeps the length of what it stands for."""
    stale = {"Transfer-Encoding": "chunked", "Content-Length": "77"}
    message = Response(status, fields=stale, body=body)
    message.prepare_payload()
    assert message.fields.get("Content-Length") == length
    assert "Transfer-Encoding" not in message.fields
    message.encode()


@pytest.mark.parametrize("status", [100, 101, 199, 204, 304])
def test_preparing_a_response_that_has_no_content(status: int) -> None:
    message = Response(status, fields={"Transfer-Encoding": "chunked"}, body=b"ab")
    with pytest.raises(ValueError, match=f"a {status} response has no content"):
        message.prepare_payload()
    assert "Transfer-Encoding" in message.fields


def test_assigning_copies_everything() -> None:
    source = Request("PUT", "/a", 10, fields={"A": "1"}, body=b"x")
    target = Request(fields={"B": "2"})
    target.assign(source)
    assert target == source
    target.fields["A"] = "3"
    assert source.fields["A"] == "1"

    answer = Response(599, 10, reason="Odd", fields={"A": "1"}, body=b"x")
    copy = Response(fields={"B": "2"})
    copy.assign(answer)
    assert copy == answer
    copy.fields.clear()
    assert answer.fields["A"] == "1"


def test_comparison() -> None:
    assert Request() == Request("GET", "/", 11, fields={}, body=b"")
    for other in (
        Request("PUT"),
        Request(target="/a"),
        Request(version=10),
        Request(fields={"A": ""}),
        Request(body=b"a"),
        Response(),
        None,
    ):
        assert Request() != other
    assert Response() == Response(200, 11, reason="", fields={}, body=b"")
    for another in (
        Response(201),
        Response(reason="OK"),
        Response(version=10),
        Response(fields={"A": ""}),
        Response(body=b"a"),
        Request(),
        None,
    ):
        assert Response() != another


def test_representation() -> None:
    request = Request("PUT", "/a", 10, fields={"A": "1"}, body=b"x")
    assert repr(request) == "Request('PUT', '/a', 10, fields=Fields([('A', '1')]), body=b'x')"
    assert eval(repr(request)) == request
    response = Response(404, reason="Gone away", body=b"x")
    assert repr(response) == "Response(404, 11, reason='Gone away', fields=Fields([]), body=b'x')"
    assert eval(repr(response)) == response


# What may be sent, and much that may not: the interesting characters come often.
TEXT = st.text(st.sampled_from("aZ0-!~ \t\r\n:;,\x00\x7f\xe9☃"), max_size=8)
NAMES = st.sampled_from(["X", "x-y", "Cookie", "Connection", "Transfer-Encoding", "Host"]) | TEXT
LINES = st.lists(st.tuples(NAMES, TEXT), max_size=4)
METHODS = st.sampled_from(["GET", "POST", "PUT", "a!"]) | TEXT
TARGETS = st.sampled_from(["/", "*", "http://a/", "/a?b"]) | TEXT


def encoded(message: Request | Response) -> bytes | None:
    try:
        message.prepare_payload()
        return message.encode()
    except ValueError:
        return None


def h11_lines(fields: Fields) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in fields.lines()]


def content_of(connection: h11.Connection) -> bytes:
    """Read to the end of the message, which must be the end of what came."""
    content = b""
    while isinstance(event := connection.next_event(), h11.Data):
        content += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert connection.trailing_data[0] == b""
    return content


@given(METHODS, TARGETS, LINES, st.binary(max_size=20))
def test_h11_reads_what_a_request_sends(
    method: str, target: str, lines: list[tuple[str, str]], body: bytes
) -> None:
    """What goes out is valid, or nothing goes; and it is the message, no more and no less."""
    request = Request(method, target, fields=[("Host", "a"), *lines], body=body)
    wire = encoded(request)
    if wire is None:
        return
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(wire)
    event = connection.next_event()
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (method.encode(), target.encode())
    assert list(event.headers) == h11_lines(request.fields)
    assert content_of(connection) == body


@given(
    st.integers(200, 999) | st.sampled_from([101, 204, 304]), TEXT, LINES, st.binary(max_size=20)
)
def test_h11_reads_what_a_response_sends(
    status: int, reason: str, lines: list[tuple[str, str]], body: bytes
) -> None:
    """The same for responses."""
    response = Response(status, reason=reason, fields=lines, body=body)
    wire = encoded(response)
    if wire is None:
        return
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a"), *UPGRADE]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(wire)
    event = connection.next_event()
    assert isinstance(event, h11.Response | h11.InformationalResponse)
    assert event.status_code == status
    assert list(event.headers) == h11_lines(response.fields)
    if status != 101:
        assert content_of(connection) == body


UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
