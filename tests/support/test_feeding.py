"""Every way to cut keeps all bytes in order."""

import pytest

from tests.support.feeding import FEEDINGS, Feeding, every_cut, feedings, with_trailing


@pytest.mark.parametrize("feeding", FEEDINGS)
def test_pieces_make_up_the_whole(feeding: Feeding) -> None:
    assert b"".join(feeding(b"abcdef")) == b"abcdef"


def test_every_cut_is_made_once() -> None:
    assert list(every_cut(b"abc")) == [[b"a", b"bc"], [b"ab", b"c"]]
    assert list(every_cut(b"a")) == []


def test_feedings() -> None:
    assert list(feedings(b"abc")) == [
        [b"abc"],
        [b"a", b"b", b"c"],
        [b"a", b"bc"],
        [b"ab", b"c"],
    ]


def test_trailing_bytes_are_in_the_last_piece() -> None:
    assert list(with_trailing(b"ab", b"XY")) == [[b"abXY"], [b"a", b"bXY"], [b"a", b"bXY"]]
