"""The codec of permessage-deflate: the bytes of messages in, DEFLATE data out, and back.

One `Deflater` and one `Inflater` serve a connection (RFC 7692 section 7.2). They know nothing of
frames, limits and negotiation. This module imports `zlib` and is itself imported only for a stream
that compresses: no other pays for it.
"""

import zlib
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, NamedTuple, Protocol, TypeAlias

from beastly.core import Buffer, Role
from beastly.websocket._deflate_negotiation import SMALLEST_WINDOW
from beastly.websocket.error import Error, ProtocolViolation
from beastly.websocket.option import Backend, PermessageDeflate, PermessageDeflateStatus

__all__ = [
    "Compressor",
    "Decompressor",
    "Deflater",
    "Inflater",
    "Library",
    "NewCompressor",
    "NewDecompressor",
    "codec",
    "load_backend",
]

_TAIL: Final = b"\x00\x00\xff\xff"
"""The end of an empty block without compression. Every message would end with it; so the sender
leaves it out, and the receiver puts it back (section 7.2)."""

_EMPTY_BLOCK: Final = b"\x00"
"""What that block is without its tail: the payload of an empty message (section 7.2.3.6)."""


class Compressor(Protocol):
    """What `zlib.compressobj` makes, as far as it is used."""

    def compress(self, data: Buffer, /) -> bytes:
        """Take in `data`, and return what has come out so far."""
        ...

    def flush(self, mode: int = ..., /) -> bytes:
        """Return what is left."""
        ...


class Decompressor(Protocol):
    """What `zlib.decompressobj` makes, as far as it is used."""

    @property
    def eof(self) -> bool:
        """Whether the end of the data was reached."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came behind the end of the data."""
        ...

    @property
    def unconsumed_tail(self) -> bytes:
        """What the limit of the last call has left to be done."""
        ...

    def decompress(self, data: Buffer, /, max_length: int = ...) -> bytes:
        """Take in `data`, and return what comes out, up to a limit."""
        ...


NewCompressor: TypeAlias = Callable[[int, int, int], Compressor]
"""Makes a compressor of raw DEFLATE data of a level, a window in powers of two, a memory level."""

NewDecompressor: TypeAlias = Callable[[int], Decompressor]
"""Makes a decompressor of raw DEFLATE data of a window in powers of two."""


class Library(NamedTuple):
    """What makes the compressors and decompressors of a backend, and what the latter raise."""

    new_compressor: NewCompressor
    new_decompressor: NewDecompressor
    error: type[Exception]


_MODULES: Final[Mapping[Backend, str]] = {
    "zlib": "zlib",
    "zlib-ng": "zlib_ng.zlib_ng",
    "isal": "isal.isal_zlib",
}

# isal has the levels 0 to 3, and 2 by default, where zlib has 0 to 9, and 6.
_LEVEL_DIVISORS: Final[Mapping[Backend, int]] = {"zlib": 1, "zlib-ng": 1, "isal": 3}


# isal's decompressor takes data that zlib refuses (codes that are incomplete, what lies too far
# back), holds five times as much memory, and is slower where messages are small.
_INFLATED_BY: Final[Mapping[Backend, Backend]] = {
    "zlib": "zlib",
    "zlib-ng": "zlib-ng",
    "isal": "zlib",
}


def load_backend(backend: Backend) -> Library:
    """Return what `backend` compresses and inflates with, whose modules are imported here.

    Raises:
        ImportError: it is not installed.
    """
    # By name: a package that is optional at run time is optional for type checkers too.
    compressobj: Callable[[int, int, int, int], Compressor]
    compressobj = import_module(_MODULES[backend]).compressobj
    divisor = _LEVEL_DIVISORS[backend]
    inflating = import_module(_MODULES[_INFLATED_BY[backend]])
    decompressobj: NewDecompressor = inflating.decompressobj
    error: type[Exception] = inflating.error

    def new_compressor(level: int, window_bits: int, mem_level: int) -> Compressor:
        return compressobj(level // divisor, zlib.DEFLATED, -window_bits, mem_level)

    def new_decompressor(window_bits: int) -> Decompressor:
        return decompressobj(-window_bits)

    return Library(new_compressor, new_decompressor, error)


class Deflater:
    """Compresses the messages of one direction.

    Unless `takes_over`, each message is compressed without regard to those before it, and no
    memory is held between them. Each part of a message is flushed, so that the peer can read it.
    """

    __slots__ = ("_compressor", "_level", "_mem_level", "_new", "_takes_over", "_window_bits")

    def __init__(
        self,
        new_compressor: NewCompressor,
        *,
        level: int,
        mem_level: int,
        window_bits: int,
        takes_over: bool,
    ) -> None:
        self._new = new_compressor
        self._level = level
        self._mem_level = mem_level
        self._window_bits = window_bits
        self._takes_over = takes_over
        self._compressor: Compressor | None = None

    def deflate(self, data: bytes | memoryview, fin: bool) -> bytes:
        """Return what stands for `data`, the next part of a message; `fin` marks the last one.

        All of it has to be sent, or `forget` be called (section 7.2.1).
        """
        compressor = self._compressor
        if compressor is None:
            compressor = self._new(self._level, self._window_bits, self._mem_level)
            self._compressor = compressor
        deflated = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
        if not fin:
            return deflated
        if not self._takes_over:
            self._compressor = None
        # A flush with nothing to flush gives nothing, not even a tail.
        return deflated[: -len(_TAIL)] or _EMPTY_BLOCK

    def forget(self) -> None:
        """Begin anew, in the middle of a message too: something that was compressed is not sent.

        What is compressed from now on refers to nothing before it, so the peer can always read it.
        """
        self._compressor = None


class Inflater:
    """Inflates the messages of one direction, in steps of bounded size.

    `feed` it when it `is_dry`, call `inflate` until it is again, and `finish` each message. Every
    method raises `ProtocolViolation` for data that are not DEFLATE data; it is of no use then.
    """

    __slots__ = (
        "_began",
        "_decompressor",
        "_input",
        "_library",
        "_takes_over",
        "_window_bits",
        "is_dry",
    )

    def __init__(self, library: Library, *, window_bits: int, takes_over: bool) -> None:
        self._library = library
        self._window_bits = window_bits
        self._takes_over = takes_over
        self._decompressor: Decompressor | None = None
        self._input = b""
        self._began = False
        self.is_dry = True

    def feed(self, data: bytes) -> None:
        """Take in `data`, the next bytes of a message; what came before must be used up."""
        self._input = data
        self._began = True
        self.is_dry = False

    def inflate(self, limit: int) -> bytes:
        """Return the next bytes of the message, from none to `limit`, which is at least one."""
        while True:
            decompressor = self._decompressor or self._start()
            try:
                inflated = decompressor.decompress(self._input, limit)
            except self._library.error as error:
                raise _broken(str(error)) from error
            if not decompressor.eof:
                # What is short of the limit has used up all that came.
                self._input = decompressor.unconsumed_tail
                self.is_dry = len(inflated) < limit
                return inflated
            # A final block ends the compression; what follows it has begun anew (section 7.2.3.4).
            self._decompressor = None
            self._input = decompressor.unused_data
            self.is_dry = not self._input
            if inflated or self.is_dry:
                return inflated

    def finish(self) -> None:
        """End the message (section 7.2.2). It may be without any bytes, and is empty then."""
        decompressor = self._decompressor
        # Behind a final block, or without any bytes, there is nothing that the tail could end.
        if self._began and decompressor is not None:
            try:
                is_cut_off = decompressor.decompress(_TAIL, 1) or decompressor.eof
            except self._library.error as error:
                raise _broken(str(error)) from error
            if is_cut_off:
                raise _broken("it ends inside a block")
        self._began = False
        if not self._takes_over:
            self._decompressor = None

    def _start(self) -> Decompressor:
        decompressor = self._library.new_decompressor(self._window_bits)
        self._decompressor = decompressor
        return decompressor


def _broken(detail: str) -> ProtocolViolation:
    return ProtocolViolation(Error.BAD_COMPRESSED_PAYLOAD, detail)


def codec(
    option: PermessageDeflate, status: PermessageDeflateStatus, role: Role
) -> tuple[Deflater | None, Inflater]:
    """Return what compresses and inflates for `role` as `status` says, in the way of `option`.

    A client that was told to keep to a window that zlib does not have compresses nothing, which is
    legal at any time.
    """
    client = status.client_window_bits, not status.client_no_context_takeover
    server = status.server_window_bits, not status.server_no_context_takeover
    own, peers = (client, server) if role is Role.CLIENT else (server, client)
    library = load_backend(option.backend)
    inflater = Inflater(library, window_bits=peers[0], takes_over=peers[1])
    if own[0] < SMALLEST_WINDOW:
        return None, inflater
    deflater = Deflater(
        library.new_compressor,
        level=option.comp_level,
        mem_level=option.mem_level,
        window_bits=own[0],
        takes_over=own[1],
    )
    return deflater, inflater
