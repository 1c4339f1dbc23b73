import copy
import pickle

import pytest

from beastly.core.value import Value


class Pair(Value):
    __slots__ = ("left", "right")

    left: int
    right: str

    def __init__(self, left: int, right: str = "") -> None:
        if left < 0:
            raise ValueError("left is too small")
        super().__init__(left, right)


class Other(Pair):
    __slots__ = ()


def test_fields() -> None:
    pair = Pair(1, right="a")
    assert (pair.left, pair.right) == (1, "a")
    assert repr(pair) == "Pair(left=1, right='a')"
    assert not hasattr(pair, "__dict__")


def test_a_subclass_without_fields_of_its_own() -> None:
    other = Other(1, "a")
    assert repr(other) == "Other(left=1, right='a')"
    assert other == Other(1, "a")


def test_a_class_that_passes_on_too_few_is_found_out() -> None:
    class Half(Value):
        __slots__ = ("left", "right")

        left: int
        right: int

        def __init__(self, left: int) -> None:
            super().__init__(left)

    with pytest.raises(ValueError, match="shorter"):
        Half(1)


def test_comparison() -> None:
    assert Pair(1, "a") == Pair(1, "a")
    assert Pair(1, "a") != Pair(1, "b")
    assert Pair(1, "a") != Other(1, "a")
    assert Pair(1, "a") != (1, "a")
    assert len({Pair(1, "a"), Pair(1, "a"), Pair(2)}) == 2
    assert Pair(1).__eq__(1) is NotImplemented


def test_it_never_changes() -> None:
    pair = Pair(1)
    with pytest.raises(AttributeError, match=r"^a Pair never changes: make another one$"):
        pair.left = 2  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"^a Pair never changes: make another one$"):
        del pair.left
    with pytest.raises(AttributeError, match=r"^a Pair never changes: make another one$"):
        pair.__setattr__("middle", 2)
    assert pair == Pair(1)


def test_copies_and_pickles() -> None:
    pair = Pair(1, "a")
    assert copy.copy(pair) == copy.deepcopy(pair) == pickle.loads(pickle.dumps(pair)) == pair


def test_a_pickle_is_checked() -> None:
    edited = pickle.dumps(Pair(7), protocol=0).replace(b"I7", b"I-7")
    with pytest.raises(ValueError, match="left is too small"):
        pickle.loads(edited)


def test_patterns() -> None:
    match Pair(1, "a"):
        case Pair(left, right):
            assert (left, right) == (1, "a")


def test_another_one_made_of_it() -> None:
    assert Pair(1, "a").__replace__(right="b") == Pair(1, "b")
    with pytest.raises(ValueError, match="left is too small"):
        Pair(1).__replace__(left=-1)
