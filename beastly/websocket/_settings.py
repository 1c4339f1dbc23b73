"""The options of a stream: what a user may set, and how it reaches the halves of the stream.

Nothing here blocks or sends.
"""

from typing import Final, TypeVar

from beastly.core import Role
from beastly.http import Limits
from beastly.websocket._connection import Connection
from beastly.websocket._incoming import ControlCallback, Incoming
from beastly.websocket._opening import Opening
from beastly.websocket._outgoing import Outgoing
from beastly.websocket._receive import Receiver
from beastly.websocket._send import Sender
from beastly.websocket.option import Decorator, PermessageDeflate, Timeout

__all__ = ["Settings"]

_Option = TypeVar("_Option", Decorator, Timeout, PermessageDeflate, Limits)

_WRITE_BUFFER_MIN: Final = 8


class Settings:
    """What can be set on a stream, before the handshake or between messages.

    A change that is made while another thread is inside a call may or may not count for that call.
    """

    __slots__ = (
        "_auto_fragment",
        "_compress",
        "_connection",
        "_control_callback",
        "_incoming",
        "_opening",
        "_outgoing",
        "_read_message_max",
        "_write_buffer_bytes",
        "binary",
    )

    binary: bool
    """Whether bytes-like data is written as a binary message; true at first. `str` is text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._opening = Opening(connection)
        self._incoming: Incoming | None = None
        self._outgoing: Outgoing | None = None
        self._auto_fragment = False
        self._compress = True
        self._write_buffer_bytes = 64 * 1024
        self._read_message_max = 16 * 1024 * 1024
        self._control_callback: ControlCallback | None = None
        self.binary = True

    def set_option(self, option: Decorator | Timeout | PermessageDeflate | Limits) -> None:
        """Set one option, in the place of the one of its kind that was set before.

        `Decorator` edits the messages of the handshake, `Timeout` bounds the phases of the
        connection, `PermessageDeflate` says whether and how messages are compressed, which the
        next handshake negotiates, `http.Limits` bounds what is taken of the peer's HTTP message.

        Raises:
            TypeError: `option` is none of these.
            ImportError: the backend of a `PermessageDeflate` is not installed.
        """
        match option:
            case Decorator():
                self._opening.decorator = option
            case Timeout():
                self._connection.timeout = option
                if self._incoming is not None:
                    self._incoming.watch(option)
            case PermessageDeflate():
                if option.server_enable or option.client_enable:
                    # Not for a stream that does without; and its absence is best told here.
                    from beastly.websocket._deflate import load_backend

                    load_backend(option.backend)
                self._opening.deflate = option
            case Limits():
                self._opening.limits = option
            case _:
                raise TypeError(
                    "an option is a Decorator, a Timeout, a PermessageDeflate or an http.Limits,"
                    f" not {type(option).__name__}"
                )

    def get_option(self, kind: type[_Option]) -> _Option:
        """Return the option of `kind` as it is set; its defaults if it was not.

        `kind` is `Decorator`, `Timeout`, `PermessageDeflate` or `http.Limits`. What the peer has
        agreed to of compression is `permessage_deflate_status`.

        Raises:
            TypeError: `kind` is none of these.
        """
        opening = self._opening
        options = (opening.decorator, self._connection.timeout, opening.deflate, opening.limits)
        for option in options:
            if isinstance(option, kind):
                return option
        raise TypeError(
            "the kind of an option is Decorator, Timeout, PermessageDeflate or http.Limits, not"
            f" {kind!r}"
        )

    @property
    def text(self) -> bool:
        """Whether bytes-like data is written as a text message: the reverse of `binary`.

        It must be UTF-8 then. A change in the middle of a message counts for the next one.
        """
        return not self.binary

    @text.setter
    def text(self, value: bool) -> None:
        self.binary = not value

    @property
    def auto_fragment(self) -> bool:
        """Whether messages are cut into frames of `write_buffer_bytes`; false at first.

        Pings and pongs can go between the frames of a long message then (RFC 6455 section 5.4).
        Counts from the next message on.
        """
        return self._auto_fragment

    @auto_fragment.setter
    def auto_fragment(self, value: bool) -> None:
        self._auto_fragment = value
        if self._outgoing is not None:
            self._outgoing.sender.auto_fragment = value

    @property
    def compress(self) -> bool:
        """Whether messages are compressed, where that was agreed on; true at first.

        Counts from the next message on (RFC 7692 section 6.1). What is compressed already, or a
        secret beside what others chose, is better sent as it is.
        """
        return self._compress

    @compress.setter
    def compress(self, value: bool) -> None:
        self._compress = value
        if self._outgoing is not None:
            self._outgoing.sender.compress = value

    @property
    def write_buffer_bytes(self) -> int:
        """The largest payload in bytes of a frame with `auto_fragment`; 64 KiB at first.

        Raises:
            ValueError: set to less than 8.
        """
        return self._write_buffer_bytes

    @write_buffer_bytes.setter
    def write_buffer_bytes(self, value: int) -> None:
        if value < _WRITE_BUFFER_MIN:
            raise ValueError(f"write_buffer_bytes is at least {_WRITE_BUFFER_MIN}, not {value}")
        self._write_buffer_bytes = value
        if self._outgoing is not None:
            self._outgoing.sender.write_buffer_bytes = value

    @property
    def read_message_max(self) -> int:
        """The largest message in bytes that the peer may send; 16 MiB at first, 0 for any size.

        A larger one fails the connection with close code 1009 (RFC 6455 section 10.4).

        Raises:
            ValueError: set to less than 0.
        """
        return self._read_message_max

    @read_message_max.setter
    def read_message_max(self, value: int) -> None:
        if value < 0:
            raise ValueError(f"read_message_max is a number of bytes not below zero, not {value}")
        self._read_message_max = value
        if self._incoming is not None:
            self._incoming.receiver.message_max = value

    @property
    def control_callback(self) -> ControlCallback | None:
        """What is called for each ping, pong and close frame that a read meets; `None` at first.

        It gets the kind and the payload, of a close frame the reason in UTF-8 (`reason` has the
        code). It runs in the reading thread before the answer goes out, and may write, but not
        read. An exception leaves the read; the answer goes out all the same.
        """
        return self._control_callback

    @control_callback.setter
    def control_callback(self, value: ControlCallback | None) -> None:
        self._control_callback = value
        if self._incoming is not None:
            self._incoming.callback = value

    def _open(self, role: Role) -> None:
        """Make the halves of the stream, with the options as they are, and begin."""
        deflater = inflater = None
        if self._opening.deflate_status.active:
            from beastly.websocket._deflate import codec

            deflater, inflater = codec(self._opening.deflate, self._opening.deflate_status, role)
        sender = Sender(role, deflater=deflater)
        sender.compress = self._compress
        sender.deflated_min = self._opening.deflate.msg_size_threshold
        sender.auto_fragment = self._auto_fragment
        sender.write_buffer_bytes = self._write_buffer_bytes
        buffer = self._connection.buffer
        receiver = Receiver(
            role, buffer, message_max=self._read_message_max, inflater=inflater
        )
        self._outgoing = Outgoing(self._connection, sender)
        self._incoming = Incoming(self._connection, role, self._outgoing, receiver)
        self._incoming.callback = self._control_callback
        self._incoming.watch(self._connection.timeout)
        self._connection.open(role)
        self._opening.settle(role)
