"""Receiving: the bytes of frames in, messages and control frames out (RFC 6455 section 6.2).

A pure machine over a receive buffer. Frames are parsed one at a time and on demand, so a fault in a
later frame cannot take an earlier message with it. It knows nothing of sockets, locks and time, and
not what has to be answered to a control frame.
"""

import sys
from typing import TYPE_CHECKING, Final, TypeVar

from beastly.core import ReceiveBuffer, Role
from beastly.core.value import Value
from beastly.websocket._assembly import Assembly
from beastly.websocket._codec import mask, mask_in_place, whole_frame
from beastly.websocket._frame import OPCODE, FrameHeader, parse_header
from beastly.websocket._mask import rotate
from beastly.websocket._utf8 import Utf8Checker, what_came
from beastly.websocket.error import Error, MessageTooBig, ProtocolViolation
from beastly.websocket.rfc6455 import Opcode

if TYPE_CHECKING:
    from beastly.websocket._deflate import Inflater

__all__ = ["ControlFrame", "Receiver"]

_TEXT: Final = Opcode.TEXT
_BINARY: Final = Opcode.BINARY
_OPCODES: Final = {int(opcode): opcode for opcode in Opcode}

_WHOLE_TEXT: Final = 0x80 | int(_TEXT)
_WHOLE_BINARY: Final = 0x80 | int(_BINARY)
"""The first bytes of frames that are a whole message by themselves, not compressed."""

_WINDOW_MIN: Final = 16384
"""The least rest of a frame, in bytes, that is received straight into its place. What is shorter
comes through the buffer, so that the same call brings the frames behind it."""

_INFLATED_STEP: Final = 65536
"""Bytes inflated at a time: a few compressed bytes may be thousands, which are not made before
the limit of the message has been looked at."""

_DEFLATED_RATIO_MAX: Final = 8
"""How many bytes may come for one of a message. DEFLATE that is flushed after every byte, the most
wasteful that makes any sense, takes seven; beyond that are only blocks without contents."""

_DEFLATED_MARGIN: Final = 1024
"""What may come beside that, in bytes: a short message may have a table of codes."""

_Failure = TypeVar("_Failure", ProtocolViolation, MessageTooBig)


class ControlFrame(Value):
    """A whole control frame: a ping, a pong or a close frame, unmasked."""

    __slots__ = ("opcode", "payload")

    opcode: Opcode
    payload: bytes

    def __init__(self, opcode: Opcode, payload: bytes) -> None:
        super().__init__(opcode, payload)


class Receiver:
    """Reads the frames of one direction of a connection from `buffer`.

    `role` is this side's: a server takes masked frames only, a client unmasked ones (section 5.1).
    `message_max` is the largest message in bytes and `fragments_max` the most frames of one, empty
    ones counted; zero is no limit. Both may be set between messages.

    `opcode` is text or binary, the kind of the most recent message; `message_done` tells that all
    of it was handed out. Of a message in progress `message_size` is what its frames have announced
    so far, and `remaining` what is still to come of the latest one, in bytes.

    With an `inflater` the peer may compress its messages (RFC 7692). They are inflated as they
    arrive; `message_max` then bounds what comes out, while it does.

    Whoever calls brings the bytes when `message` or `some` returns `None`: into `window`, followed
    by `commit`, if `window_size` is not zero, else through `buffer.feed`. Then it calls again.

    A fault is final: every later call raises it again. Not safe for concurrent use.
    """

    __slots__ = (
        "_assembly",
        "_checker",
        "_error",
        "_fragments",
        "_inflated",
        "_inflater",
        "_inflating",
        "_key",
        "_last",
        "_masked",
        "_partly_taken",
        "buffer",
        "fragments_max",
        "message_done",
        "message_max",
        "message_size",
        "opcode",
        "remaining",
        "window_size",
    )

    window_size: int
    """How many bytes the next ones from the peer may be to go straight into `window`, or zero."""

    def __init__(
        self,
        role: Role,
        buffer: ReceiveBuffer,
        *,
        message_max: int = 16 * 1024 * 1024,
        fragments_max: int = 131072,
        inflater: "Inflater | None" = None,
    ) -> None:
        self.buffer = buffer
        self.message_max = message_max
        self.fragments_max = fragments_max
        self.opcode = _TEXT
        self.message_done = True
        self.message_size = 0
        self.remaining = 0
        self.window_size = 0
        self._masked = role is Role.SERVER
        self._error: ProtocolViolation | MessageTooBig | None = None
        self._assembly: Assembly | None = None
        self._checker: Utf8Checker | None = None
        self._fragments = 0
        self._inflater = inflater
        # The same while a compressed message is in progress.
        self._inflating: Inflater | None = None
        self._inflated = 0
        self._key = b""
        self._last = False
        self._partly_taken = False

    def message(self) -> str | bytes | ControlFrame | None:
        """Return the next whole message, or a control frame that came before its end.

        Text is `str`, binary is `bytes`. A message of which `some` has handed out a part gives the
        rest, always as `bytes`: text may be cut inside a code point there. `None`: bring more
        bytes and call again; nothing is lost in between.

        Raises:
            ProtocolViolation: the peer broke a rule.
            MessageTooBig: the message passes a limit.
        """
        # The one path that counts: an unfragmented message that is wholly at hand. It calls nothing
        # that it can do without; whatever is unusual goes the long way round.
        if self.message_done:
            buffer = self.buffer
            whole = whole_frame(buffer.data, buffer.position, self._masked, self.message_max)
            if whole is not None:
                first, payload, end = whole
                if first == _WHOLE_BINARY:
                    self.opcode = _BINARY
                    buffer.position = end
                    return payload
                if first == _WHOLE_TEXT:
                    self.opcode = _TEXT
                    buffer.position = end
                    try:
                        return payload.decode()
                    except UnicodeDecodeError as error:
                        raise self._fail(_bad_text(error)) from error
                if self._inflater is not None:
                    self.opcode = _OPCODES[first & OPCODE]
                    buffer.position = end
                    return self._inflate_at_once(self._inflater, payload)
        return self._gather()

    def some(self, limit: int) -> bytes | ControlFrame | None:
        """Return from 1 to `limit` bytes of the message, or a control frame that came before them.

        The bytes are those at hand of one frame; of text too, cut anywhere. An empty message, or
        an end without bytes, gives `b""` with `message_done`. `None`: bring more bytes and call
        again. A `limit` below one gives `b""` and touches nothing.

        Raises:
            ProtocolViolation: the peer broke a rule.
            MessageTooBig: the message passes a limit.
        """
        if self._error is not None:
            raise self._error.with_traceback(None)
        if limit < 1:
            return b""
        self.window_size = 0
        while True:
            if self._inflating is not None:
                # One byte more than is taken tells whether these are the last ones.
                self._inflate(self._inflating, limit + 1)
            if self._assembly is not None and self._assembly.size:
                taken = self._assembly.take(limit)
            elif self.remaining:
                taken = b"" if self._inflating is not None else self._payload(limit)
                if not taken:
                    return None
            elif self._last:
                taken = b""
            else:
                header = self._header()
                if header is None:
                    return None
                if header.opcode >= Opcode.CLOSE:
                    return self._control(header)
                self._begin(header)
                continue
            self._partly_taken = True
            if self._last and not self.remaining and not (self._assembly and self._assembly.size):
                self._end()
            return taken

    def size_hint(self, initial_size: int) -> int:
        """Return how many bytes to make room for in the next call of `some`.

        That is what is left of the message where a frame has told, else `initial_size` or more.
        """
        left = self.remaining + (self._assembly.size if self._assembly is not None else 0)
        is_known = self._last and self._inflating is None
        hint = left if is_known else max(initial_size, left)
        return min(hint, self.message_max) if self.message_max else hint

    def window(self) -> memoryview:
        """Return where the next `window_size` bytes belong: in their final place in the message.

        To be released when it was filled: a view of memory that outlives the call it was made for
        would keep the garbage collector from doing its work in silence.

        Raises:
            RuntimeError: `window_size` is zero.
        """
        return self._with_window().window(self.window_size)

    def commit(self, count: int) -> None:
        """Take in the `count` bytes that were put at the start of `window`, which is then gone.

        Raises:
            ProtocolViolation: they make a text message invalid.
        """
        assembly = self._with_window()
        self.window_size = 0
        self._settle(assembly, count)

    def _settle(self, assembly: Assembly, count: int) -> None:
        """Take in the `count` bytes of the frame that are in the next window."""
        with assembly.window(count) as region:
            self.remaining -= count
            if self._key:
                mask_in_place(region, self._key)
                self._key = rotate(self._key, count)
            if self._checker is not None:
                self._check(self._checker, region)
        assembly.fill(count)

    def _with_window(self) -> Assembly:
        if self._assembly is None or not self.window_size:
            raise RuntimeError("there is no window: message() gave none")
        return self._assembly

    def _gather(self) -> str | bytes | ControlFrame | None:
        """Do what `message` promises, for every kind of message and in any number of steps."""
        if self._error is not None:
            raise self._error.with_traceback(None)
        self.window_size = 0
        while self.remaining or not self._last or self._inflating is not None:
            if not self.remaining and not self._last:
                header = self._header()
                if header is None:
                    return None
                if header.opcode >= Opcode.CLOSE:
                    return self._control(header)
                self._begin(header)
            elif not self._collect():
                return None
        partly_taken = self._partly_taken
        assembly = self._assembly
        self._end()
        payload = assembly.finish() if assembly is not None else b""
        return payload if partly_taken or self.opcode is _BINARY else payload.decode()

    def _inflate_at_once(
        self, inflater: "Inflater", payload: bytes
    ) -> str | bytes | ControlFrame | None:
        """Return the message that `payload` is the whole of, compressed; `opcode` is set.

        Most come out in one step. Nothing is gathered for them, and their text is decoded once.
        """
        self._inflated = 0
        inflated = b""
        if payload:
            inflater.feed(payload)
            inflated = self._inflate_step(inflater, _INFLATED_STEP)
        if not inflater.is_dry:
            # It is more, so what was done becomes the beginning of the long way.
            self.message_done = False
            self._fragments = 1
            self._partly_taken = False
            self._last = True
            self._inflating = inflater
            if self.opcode is _TEXT:
                self._checker = Utf8Checker()
                self._check(self._checker, inflated)
            self._assembly = Assembly()
            self._assembly.append(inflated)
            return self._gather()
        self._finish(inflater)
        if self.opcode is _BINARY:
            return inflated
        try:
            return inflated.decode()
        except UnicodeDecodeError as error:
            raise self._fail(_bad_text(error)) from error

    def _header(self) -> FrameHeader | None:
        """Return the header that comes next and leave it in the buffer; `None`: more bytes."""
        buffer = self.buffer
        try:
            return parse_header(
                buffer.data,
                buffer.position,
                self._masked,
                not self.message_done,
                self._inflater is not None,
            )
        except ProtocolViolation as error:
            self._fail(error)
            raise

    def _control(self, header: FrameHeader) -> ControlFrame | None:
        """Read a control frame; `None` while it is incomplete."""
        data = self.buffer.data
        start = self.buffer.position + header.size
        end = start + header.length
        if end > len(data):
            return None
        payload = data[start:end]
        if header.key:
            payload = mask(payload, header.key)
        self.buffer.position = end
        return ControlFrame(_OPCODES[header.opcode], payload)

    def _begin(self, header: FrameHeader) -> None:
        """Begin a data frame, and a message if it is the first one; the limits are checked here."""
        if self.message_done:
            self.message_done = False
            self.message_size = 0
            self.opcode = _OPCODES[header.opcode]
            self._fragments = 0
            self._partly_taken = False
            self._checker = Utf8Checker() if self.opcode is _TEXT else None
            self._inflating = self._inflater if header.compressed else None
            self._inflated = 0
        size = self.message_size + header.length
        limit, unit = self.message_max, "bytes"
        if limit and self._inflating is not None:
            limit, unit = limit * _DEFLATED_RATIO_MAX + _DEFLATED_MARGIN, "compressed bytes"
        if 0 < limit < size:
            raise self._fail(
                MessageTooBig(
                    Error.MESSAGE_TOO_BIG,
                    f"its frames announce {size} {unit} so far, the limit is {limit}",
                )
            )
        self._fragments += 1
        if 0 < self.fragments_max < self._fragments:
            raise self._fail(
                MessageTooBig(Error.TOO_MANY_FRAGMENTS, f"the limit is {self.fragments_max}")
            )
        self.buffer.position += header.size
        self.message_size = size
        self.remaining = header.length
        self._key = header.key
        self._last = header.fin

    def _collect(self) -> bool:
        """Move what is at hand of the frame into the assembly; tell whether that is all of it."""
        if self._inflating is not None:
            self._inflate(self._inflating, sys.maxsize)
            return not self.remaining
        assembly = self._assembly
        if assembly is None:
            # A length that no limit has bounded may be a lie: then the block grows with the data.
            assembly = self._assembly = Assembly(self.remaining if self.message_max else 0)
        buffer = self.buffer
        if size := min(self.remaining, len(buffer)):
            # By a view, and unmasked in its place: copies to and fro push others out of the cache.
            with memoryview(buffer.data) as data:
                assembly.lay(data[buffer.position : buffer.position + size])
            buffer.position += size
            self._settle(assembly, size)
        if self.remaining >= _WINDOW_MIN:
            self.window_size = assembly.make_room(self.remaining)
        return not self.remaining

    def _payload(self, limit: int) -> bytes:
        """Read up to `limit` bytes of the frame from the buffer, unmasked and checked."""
        payload = self._unmasked(limit)
        if self._checker is not None:
            self._check(self._checker, payload)
        return payload

    def _unmasked(self, limit: int) -> bytes:
        """Read up to `limit` bytes of the frame from the buffer, unmasked."""
        payload = self.buffer.take(min(limit, self.remaining))
        self.remaining -= len(payload)
        if self._key:
            payload = mask(payload, self._key)
            self._key = rotate(self._key, len(payload))
        return payload

    def _inflate(self, inflater: "Inflater", wanted: int) -> None:
        """Inflate what is at hand until `wanted` bytes are in the assembly, or the message ends.

        That it has ended, with its last frame, is told by `_inflating`, which is `None` then.
        """
        if self._assembly is None:
            self._assembly = Assembly()
        while self._assembly.size < wanted:
            if not inflater.is_dry:
                room = min(wanted - self._assembly.size, _INFLATED_STEP)
                payload = self._inflate_step(inflater, room)
                if self._checker is not None:
                    self._check(self._checker, payload)
                self._assembly.append(payload)
            elif payload := self._unmasked(self.remaining):
                inflater.feed(payload)
            elif self._last and not self.remaining:
                self._finish(inflater)
                return
            else:
                return

    def _inflate_step(self, inflater: "Inflater", limit: int) -> bytes:
        """Inflate up to `limit` bytes; one beyond the message limit is too many."""
        if self.message_max:
            # Not below one, which would be no limit: the message limit may have been lowered.
            limit = min(limit, max(1, self.message_max + 1 - self._inflated))
        try:
            inflated = inflater.inflate(limit)
        except ProtocolViolation as error:
            self._fail(error)
            raise
        self._inflated += len(inflated)
        if 0 < self.message_max < self._inflated:
            raise self._fail(
                MessageTooBig(
                    Error.MESSAGE_TOO_BIG,
                    f"it is larger once it is inflated, the limit is {self.message_max}",
                )
            )
        return inflated

    def _finish(self, inflater: "Inflater") -> None:
        """End the inflating of the message."""
        try:
            inflater.finish()
        except ProtocolViolation as error:
            self._fail(error)
            raise
        self._inflating = None

    def _check(self, checker: Utf8Checker, data: bytes | memoryview) -> None:
        """Check what came of a text message."""
        try:
            checker.feed(data)
        except UnicodeDecodeError as error:
            raise self._fail(_bad_text(error)) from error

    def _end(self) -> None:
        """End the message; a text must not end inside a code point."""
        if self._checker is not None:
            try:
                self._checker.finish()
            except UnicodeDecodeError as error:
                raise self._fail(_bad_text(error)) from error
        self.message_done = True
        self._last = False
        self._checker = None
        self._assembly = None

    def _fail(self, error: _Failure) -> _Failure:
        """Remember `error` for every later call, and let go of the message."""
        self._error = error
        self.message_done = False
        self.window_size = 0
        self._assembly = None
        self._checker = None
        self._inflating = None
        return error


def _bad_text(error: UnicodeDecodeError) -> ProtocolViolation:
    return ProtocolViolation(Error.BAD_FRAME_PAYLOAD, what_came(error))
