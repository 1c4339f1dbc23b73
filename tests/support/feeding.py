"""Ways to cut bytes into pieces, as a network might: what a parser says must not depend on them."""

from collections.abc import Callable, Iterator

__all__ = ["FEEDINGS", "Feeding", "every_cut", "feedings", "per_byte", "whole", "with_trailing"]

Feeding = Callable[[bytes], list[bytes]]
"""A way to cut: the pieces, in order, make up the argument."""


def whole(data: bytes) -> list[bytes]:
    """All in one piece."""
    return [data]


def per_byte(data: bytes) -> list[bytes]:
    """One byte at a time."""
    return [data[index : index + 1] for index in range(len(data))]


FEEDINGS: tuple[Feeding, ...] = (whole, per_byte)
"""The two extremes, to parametrize a test with."""


def every_cut(data: bytes) -> Iterator[list[bytes]]:
    """Two pieces, cut at each inner position in turn."""
    for position in range(1, len(data)):
        yield [data[:position], data[position:]]


def feedings(data: bytes) -> Iterator[list[bytes]]:
    """Whole, byte by byte, and every cut in two."""
    yield whole(data)
    yield per_byte(data)
    yield from every_cut(data)


def with_trailing(data: bytes, trailing: bytes) -> Iterator[list[bytes]]:
    """As `feedings`, with `trailing` in the last piece, behind what belongs to the message."""
    for pieces in feedings(data):
        yield [*pieces[:-1], pieces[-1] + trailing]
