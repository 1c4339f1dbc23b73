"""The options of a stream, for `set_option`: plain values, checked when they are made."""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias, get_args

from beastly.core import Role
from beastly.core.value import Value
from beastly.http import Request, Response

__all__ = ["Backend", "Decorator", "PermessageDeflate", "PermessageDeflateStatus", "Timeout"]

Backend: TypeAlias = Literal["zlib", "zlib-ng", "isal"]
"""A library that compresses; all but the first are packages to be installed for it."""

_WINDOW_BITS: Final = (9, 15)
_COMP_LEVELS: Final = (0, 9)
_MEM_LEVELS: Final = (1, 9)


class Decorator(Value):
    """Functions that edit the HTTP messages of the handshake just before they are sent.

    `request` is called with the upgrade request of a client, `response` with every response of a
    server, refusals included (its `status` tells which). One decorator may have both and serve
    streams of either role. What a function sets is checked before a byte is sent.
    """

    __slots__ = ("request", "response")

    request: Callable[[Request], object] | None
    response: Callable[[Response], object] | None

    def __init__(
        self,
        request: Callable[[Request], object] | None = None,
        response: Callable[[Response], object] | None = None,
    ) -> None:
        super().__init__(request, response)


class Timeout(Value):
    """How long the phases of a connection may last, in seconds; `None` for any time.

    `handshake_timeout` bounds `handshake`, `accept` and `close` where the call names no timeout of
    its own.

    `idle_timeout` bounds the silence of the peer while a read waits for it: then the connection is
    failed, and the read raises `ConnectionClosed` with `Error.IDLE_TIMEOUT`. With
    `keep_alive_pings` a ping is sent when half of it has passed; any byte from the peer counts as
    life. The read that waits does both: nothing is watched while nobody reads.

    Raises:
        ValueError: `handshake_timeout` is negative, `idle_timeout` is not above zero, or one of
            them is not a number.
    """

    __slots__ = ("handshake_timeout", "idle_timeout", "keep_alive_pings")

    handshake_timeout: float | None
    idle_timeout: float | None
    keep_alive_pings: bool

    def __init__(
        self,
        handshake_timeout: float | None = 30.0,
        idle_timeout: float | None = None,
        keep_alive_pings: bool = False,
    ) -> None:
        if handshake_timeout is not None and not handshake_timeout >= 0:
            raise ValueError(
                "handshake_timeout is a number of seconds not below zero, not"
                f" {handshake_timeout!r}"
            )
        if idle_timeout is not None and not idle_timeout > 0:
            raise ValueError(
                f"idle_timeout is a number of seconds above zero, not {idle_timeout!r}"
            )
        super().__init__(handshake_timeout, idle_timeout, keep_alive_pings)

    @classmethod
    def suggested(cls, role: Role) -> "Timeout":
        """Return values that suit most streams of `role`, those of Beast.

        A client waits 30 s for the handshake and for any time on its server. A server waits as long
        for the handshake, and gives up a client that was silent for 300 s and answers no ping.
        """
        if role is Role.CLIENT:
            return cls()
        return cls(idle_timeout=300.0, keep_alive_pings=True)


class PermessageDeflate(Value):
    """Whether and how messages are compressed: the extension permessage-deflate (RFC 7692).

    Off at first: it costs memory for each connection, time for each message, and a secret that is
    compressed beside what an attacker chose can be guessed by its size. `server_enable` lets a
    server accept it, `client_enable` a client offer it; one option may have both.

    `server_max_window_bits` and `client_max_window_bits` bound, in powers of two from 9 to 15, how
    far back the compressor of the server or the client refers; both ends need memory for that.
    `None` is 12 where it can be had without asking for too much: for this side's own compressor,
    and on a server for that of a client which lets itself be limited. (Measured: 15, and zlib's
    memory level 8, make messages 5 to 8 % smaller for two to four times the memory.) A server does
    without compression where a client cannot be limited to a window that was set.

    With `server_no_context_takeover` or `client_no_context_takeover` the compressor of that end
    begins anew with each message: no memory between messages, and less compression.

    `comp_level`, from 0 for the fastest to 9 for the smallest, `mem_level`, from 1 to 9, and
    `backend` are this side's alone. `zlib-ng` compresses and inflates. `isal` has four levels,
    which these are mapped to, and only compresses: the standard library's `zlib` inflates then.

    `msg_size_threshold` is the size in bytes from which on a message is compressed; of one that is
    written in parts the first part decides.

    Raises:
        ValueError: a number is outside its range, or there is no such backend.
    """

    __slots__ = (
        "server_enable",
        "client_enable",
        "server_max_window_bits",
        "client_max_window_bits",
        "server_no_context_takeover",
        "client_no_context_takeover",
        "comp_level",
        "mem_level",
        "msg_size_threshold",
        "backend",
    )

    server_enable: bool
    client_enable: bool
    server_max_window_bits: int | None
    client_max_window_bits: int | None
    server_no_context_takeover: bool
    client_no_context_takeover: bool
    comp_level: int
    mem_level: int
    msg_size_threshold: int
    backend: Backend

    def __init__(
        self,
        server_enable: bool = False,
        client_enable: bool = False,
        server_max_window_bits: int | None = None,
        client_max_window_bits: int | None = None,
        server_no_context_takeover: bool = False,
        client_no_context_takeover: bool = False,
        comp_level: int = 6,
        mem_level: int = 5,
        msg_size_threshold: int = 0,
        backend: Backend = "zlib",
    ) -> None:
        _check_range("server_max_window_bits", server_max_window_bits, _WINDOW_BITS)
        _check_range("client_max_window_bits", client_max_window_bits, _WINDOW_BITS)
        _check_range("comp_level", comp_level, _COMP_LEVELS)
        _check_range("mem_level", mem_level, _MEM_LEVELS)
        if msg_size_threshold < 0:
            raise ValueError(
                f"msg_size_threshold is a number of bytes not below zero, not {msg_size_threshold}"
            )
        if backend not in get_args(Backend):
            known = ", ".join(map(repr, get_args(Backend)))
            raise ValueError(f"backend is one of {known}, not {backend!r}")
        super().__init__(
            server_enable,
            client_enable,
            server_max_window_bits,
            client_max_window_bits,
            server_no_context_takeover,
            client_no_context_takeover,
            comp_level,
            mem_level,
            msg_size_threshold,
            backend,
        )


class PermessageDeflateStatus(Value):
    """What was agreed on about compression; `active` if the messages of a stream may be compressed.

    The windows are in powers of two, as in `PermessageDeflate`: what the compressor of each end
    uses at most; zero when nothing was agreed on.
    """

    __slots__ = (
        "active",
        "client_window_bits",
        "server_window_bits",
        "client_no_context_takeover",
        "server_no_context_takeover",
    )

    active: bool
    client_window_bits: int
    server_window_bits: int
    client_no_context_takeover: bool
    server_no_context_takeover: bool

    def __init__(
        self,
        active: bool = False,
        client_window_bits: int = 0,
        server_window_bits: int = 0,
        client_no_context_takeover: bool = False,
        server_no_context_takeover: bool = False,
    ) -> None:
        super().__init__(
            active,
            client_window_bits,
            server_window_bits,
            client_no_context_takeover,
            server_no_context_takeover,
        )


def _check_range(name: str, value: int | None, bounds: tuple[int, int]) -> None:
    least, most = bounds
    if value is not None and not least <= value <= most:
        raise ValueError(f"{name} is a number from {least} to {most}, not {value!r}")
