"""Memory for a payload that is still to come. Knows nothing of what is put into it."""

__all__ = ["block"]


def block(size: int, /) -> bytes:
    """Return `size` bytes of any values, for an `io.BytesIO` that nobody reads them from.

    They are there to be written over, which is why nobody else may have them.
    """
    return bytes(size)
