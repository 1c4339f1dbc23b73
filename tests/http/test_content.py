import pytest

from beastly.http import Error, HttpError, Limits
from beastly.http._content import ChunkedContent, Content, CountedContent, StreamContent
from tests.support.feeding import feedings, with_trailing


def read_all(content: Content, pieces: list[bytes]) -> bytes:
    """Feed `pieces`; return what was not used of the last one."""
    unused = b""
    for piece in pieces:
        assert unused == b""
        unused = piece[content.feed(piece, 0) :]
    return unused


def test_counted() -> None:
    """RFC 9112 section 6.2."""
    for pieces in with_trailing(b"ab\r\n\x00", b"ab"):
        content = CountedContent(5, Limits(content=5))
        assert read_all(content, pieces) == b"ab"
        assert content.done
        assert content.take() == b"ab\r\n\x00"


def test_a_count_over_the_limit() -> None:
    with pytest.raises(HttpError, match="Content-Length is 6, the limit is 5") as caught:
        CountedContent(6, Limits(content=5))
    assert caught.value.code is Error.BODY_LIMIT


def test_until_the_stream_ends() -> None:
    """RFC 9112 section 6.3, item 8."""
    for pieces in feedings(b"ab\r\n\x00"):
        content = StreamContent(Limits(content=5))
        assert read_all(content, pieces) == b""
        assert not content.done
        assert content.take() == b"ab\r\n\x00"
        with pytest.raises(HttpError) as caught:
            content.feed(b"c", 0)
        assert caught.value.code is Error.BODY_LIMIT


def test_chunked() -> None:
    """RFC 9112 section 7.1."""
    data = b"3\r\nabc\r\n1;x=\"y;\"\r\n\n\r\n000\r\nA: b\r\n\r\n"
    for pieces in with_trailing(data, b"0\r\n"):
        content = ChunkedContent(Limits(content=4))
        assert read_all(content, pieces) == b"0\r\n"
        assert content.done
        assert content.take() == b"abc\n"


def test_reading_from_a_position_of_a_bytearray() -> None:
    counted = CountedContent(2, Limits())
    assert counted.feed(bytearray(b"..abc"), 2) == 4
    assert counted.take() == b"ab"
    chunked = ChunkedContent(Limits())
    assert chunked.feed(bytearray(b"..2\r\nab\r\n0\r\n\r\nmore"), 2) == 14
    assert chunked.take() == b"ab"


def test_the_source_can_be_changed_after_feeding() -> None:
    """Nothing of it is kept, so that a receive buffer can be used again."""
    source = bytearray(b"abc")
    content = StreamContent(Limits())
    content.feed(source, 0)
    source += b"d"
    source.clear()
    assert content.take() == b"abc"


def test_taking_is_no_copy() -> None:
    content = CountedContent(3, Limits())
    content.feed(b"abc", 0)
    assert content.take() is content.take()


def test_chunks_may_spend_as_much_on_framing_as_on_data() -> None:
    """And beyond that, all together, what a head may have: here 4 bytes for each, and 8."""
    chunk = b"1\r\na\r\n"
    content = ChunkedContent(Limits(head=8))
    content.feed(chunk * 2, 0)
    with pytest.raises(HttpError, match="mostly framing") as caught:
        content.feed(b"1", 0)
        content.feed(b"\r\n", 0)
    assert caught.value.code is Error.BODY_LIMIT
    even = ChunkedContent(Limits(head=0))
    even.feed(b"5\r\nabcde\r\n" * 1000, 0)
    assert len(even.take()) == 5000
