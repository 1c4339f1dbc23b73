"""The functions that turn bytes into frames and back: those in C where they were built.

The one place that chooses. The pure modules are the reference, and what they promise is all that a
caller may use. With the environment variable `BEASTLY_PURE` set, they are taken everywhere. Knows
nothing of what the functions do.
"""

import os
from typing import Final

from beastly.websocket._block import block
from beastly.websocket._frame import frame, whole_frame
from beastly.websocket._mask import mask, mask_in_place
from beastly.websocket._mask import mask as _pure

__all__ = ["ACCELERATED", "MASKED_PIECE", "block", "frame", "mask", "mask_in_place", "whole_frame"]

if not os.environ.get("BEASTLY_PURE"):
    try:
        from beastly.websocket._accelerator import block, frame, mask, mask_in_place, whole_frame
    except ImportError:
        pass  # No compiler was found, or none was asked for.

ACCELERATED: Final[bool] = mask is not _pure
"""Whether the functions in C are in use."""

MASKED_PIECE: Final = 512 * 1024 if ACCELERATED else 256 * 1024
"""Bytes of a large payload to mask and send at a time; a multiple of the key's length. Each piece
may wake the peer, so they should be few; yet while the peer takes one, the next is masked."""
