"""Messages taken in parts, received through a window, and the memory that large ones cost."""

import itertools
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from beastly.core import Role
from beastly.websocket._receive import Receiver
from beastly.websocket.error import Error, ProtocolViolation
from beastly.websocket.rfc6455 import Opcode
from tests.support.receiving import deliver, events_of, frame, ping, put, receiver
from tests.support.wire import MASKING_KEY

_MIB = 1024 * 1024


class TestSome:
    """`some` hands out what is at hand of a message."""

    def test_a_whole_message(self) -> None:
        machine = receiver(data=b"\x82\x05Hello")
        assert machine.some(100) == b"Hello"
        assert machine.message_done
        assert machine.some(100) is None

    def test_up_to_the_limit(self) -> None:
        """R2.30, R2.31."""
        machine = receiver(data=b"\x82\x05Hello\x82\x01x")
        assert machine.some(3) == b"Hel"
        assert (machine.message_done, machine.remaining) == (False, 2)
        assert machine.some(256) == b"lo"
        assert machine.message_done
        assert machine.some(256) == b"x"

    def test_text_as_bytes_cut_anywhere(self) -> None:
        machine = receiver(data=b"\x81\x03\xe2\x82\xac")
        assert [machine.some(1), machine.some(1), machine.some(1)] == [b"\xe2", b"\x82", b"\xac"]
        assert machine.opcode is Opcode.TEXT
        assert machine.message_done

    @pytest.mark.parametrize("limit", [0, -1])
    def test_no_room(self, limit: int) -> None:
        """R3.17: nothing is read."""
        machine = receiver(data=b"\x82\x01x")
        assert machine.some(limit) == b""
        assert len(machine.buffer) == 3
        assert machine.message_done
        assert machine.message() == b"x"

    def test_as_it_arrives(self) -> None:
        machine = receiver(Role.SERVER, frame(0x82, b"Hello", MASKING_KEY)[:9])
        assert machine.some(100) == b"Hel"
        assert machine.some(100) is None
        assert not machine.message_done
        machine.buffer.feed(frame(0x82, b"Hello", MASKING_KEY)[9:])
        assert machine.some(100) == b"lo"
        assert machine.message_done

    def test_fragments(self) -> None:
        """One frame at a time; empty ones are skipped, but an empty end is an end."""
        machine = receiver(data=b"\x02\x00\x00\x02ab\x00\x00\x00\x01c\x80\x00\x82\x00")
        assert (machine.some(9), machine.message_done) == (b"ab", False)
        assert (machine.some(9), machine.message_done) == (b"c", False)
        assert (machine.some(9), machine.message_done) == (b"", True)
        assert (machine.some(9), machine.message_done) == (b"", True)
        assert machine.some(9) is None

    def test_control_frames(self) -> None:
        machine = receiver(data=b"\x89\x00\x02\x02ab\x89\x01?\x80\x01c\x89\x05")
        assert machine.some(9) == ping()
        assert machine.some(1) == b"a"
        assert machine.some(1) == b"b"
        assert machine.some(1) == ping(b"?")
        assert machine.some(1) == b"c"
        assert machine.message_done
        assert machine.some(1) is None

    def test_the_good_part_of_a_bad_text(self) -> None:
        machine = receiver(data=b"\x81\x04ab\xffc")
        assert machine.some(2) == b"ab"
        for call in (lambda: machine.some(1), machine.message):
            with pytest.raises(ProtocolViolation) as caught:
                call()
            assert caught.value.code is Error.BAD_FRAME_PAYLOAD

    def test_a_text_that_ends_inside_a_code_point(self) -> None:
        machine = receiver(data=b"\x81\x02a\xe2")
        assert machine.some(1) == b"a"
        with pytest.raises(ProtocolViolation):
            machine.some(1)

    def test_a_text_that_an_empty_fragment_ends_inside_a_code_point(self) -> None:
        """Beast's defect 5."""
        machine = receiver(data=b"\x01\x02a\xe2\x80\x00")
        assert machine.some(9) == b"a\xe2"
        with pytest.raises(ProtocolViolation):
            machine.some(9)

    @pytest.mark.parametrize("first", [0x01, 0x02])
    def test_the_rest_by_message(self, first: int) -> None:
        """What `some` began comes to its end as bytes, of text too."""
        machine = receiver(data=bytes([first]) + b"\x03abc\x80\x02de\x81\x01f")
        assert machine.some(2) == b"ab"
        assert machine.message() == b"cde"
        assert machine.message_done
        assert machine.message() == "f"

    def test_no_rest_by_message(self) -> None:
        machine = receiver(data=b"\x01\x02ab\x80\x00")
        assert machine.some(2) == b"ab"
        assert machine.message() == b""

    def test_what_message_had_gathered(self) -> None:
        machine = receiver(data=b"\x01\x03abc\x80\x03d")
        assert machine.message() is None
        assert machine.some(2) == b"ab"
        assert machine.some(9) == b"cd"
        assert machine.some(9) is None
        machine.buffer.feed(b"ef")
        assert machine.some(1) == b"e"
        assert not machine.message_done
        assert machine.some(1) == b"f"
        assert machine.message_done

    def test_back_and_forth(self) -> None:
        machine = receiver(data=b"\x01\x03abc\x80\x03d")
        assert machine.message() is None
        assert machine.some(1) == b"a"
        assert machine.message() is None
        machine.buffer.feed(b"ef")
        assert machine.message() == b"bcdef"


class TestWindow:
    """The rest of a large frame is received into its final place."""

    def test_none_for_small_frames(self) -> None:
        """Then one call brings what follows as well."""
        for wire in (b"", b"\x82", b"\x82\x7e\x3f\xff", frame(0x82, bytes(30000))[:20000]):
            machine = receiver(data=wire)
            assert machine.message() is None
            assert machine.window_size == 0

    @pytest.mark.parametrize(("key", "role"), [(b"", Role.CLIENT), (MASKING_KEY, Role.SERVER)])
    @pytest.mark.parametrize("first", [0x81, 0x82])
    def test_the_exact_rest(self, key: bytes, role: Role, first: int) -> None:
        payload = bytes(index % 127 for index in range(100_000))
        wire = frame(first, payload, key)
        head = len(wire) - 99_990
        machine = receiver(role, wire[:head])
        assert machine.message() is None
        assert machine.window_size == machine.remaining == 99_990
        for start, end in itertools.pairwise([head, head + 1, head + 30_000, len(wire)]):
            assert machine.message() is None
            assert machine.window_size == len(wire) - start
            put(machine, wire[start:end])
            assert machine.window_size == 0
        assert machine.message() == (payload.decode() if first == 0x81 else payload)

    def test_it_may_be_left_unused(self) -> None:
        """As after a timeout, or when more bytes come through the buffer."""
        wire = frame(0x82, b"x" * 50_000)
        machine = receiver(data=wire[:100])
        assert machine.message() is None
        with machine.window() as window:
            window[:3] = b"???"
        machine.buffer.feed(wire[100:])
        assert machine.message() == b"x" * 50_000
        assert machine.window_size == 0

    def test_some_gives_it_up(self) -> None:
        wire = frame(0x82, b"x" * 50_000)
        machine = receiver(data=wire[:100])
        assert machine.message() is None
        assert machine.some(1000) == b"x" * 96
        assert machine.window_size == 0
        machine.buffer.feed(wire[100:])
        assert machine.message() == b"x" * (50_000 - 96)

    def test_some_takes_what_was_committed(self) -> None:
        wire = frame(0x82, b"x" * 20_000)
        machine = receiver(data=wire[:4])
        assert machine.message() is None
        put(machine, wire[4:])
        assert machine.some(19_999) == b"x" * 19_999
        assert not machine.message_done
        assert machine.some(2) == b"x"
        assert machine.message_done

    def test_nothing_to_commit_to(self) -> None:
        with pytest.raises(RuntimeError, match="no window"):
            receiver().commit(1)
        with pytest.raises(RuntimeError, match="no window"):
            receiver().window()

    def test_fragments(self) -> None:
        payload = bytes(index % 251 for index in range(300_000))
        wire = frame(0x02, payload[:120_000]) + frame(0x89, b"?")
        wire += frame(0x00, payload[120_000:200_000]) + frame(0x80, payload[200_000:])
        assert deliver(receiver(), wire) == [ping(b"?"), payload]
        assert deliver(receiver(message_max=0), wire) == [ping(b"?"), payload]

    def test_it_never_passes_the_frame(self) -> None:
        machine = receiver(data=frame(0x02, bytes(40_000))[:4])
        assert machine.message() is None
        assert machine.window_size == 40_000


@contextmanager
def _peak_below(limit: float) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak / _MIB:.2f} MiB"


def _pour(machine: Receiver, pieces: list[bytes]) -> str | bytes:
    [message] = [event for piece in pieces for event in deliver(machine, piece)]
    assert isinstance(message, str | bytes)
    return message


class TestMemory:
    """A large message is copied once, a lying header costs nothing."""

    @pytest.mark.parametrize("role", Role)
    @pytest.mark.parametrize("message_max", [16 * _MIB, 0])
    def test_binary(self, role: Role, message_max: int) -> None:
        key = bytes(4) if role is Role.SERVER else b""
        header = frame(0x82, bytes(65536), key)[: -65536 - len(key)]
        header = header[:2] + (16 * _MIB).to_bytes(8, "big") + key
        piece = bytes(_MIB)
        machine = receiver(role, message_max=message_max)
        with _peak_below(16 * _MIB * 9 / 8 + 2 * _MIB):
            message = _pour(machine, [header, *[piece] * 16])
        assert len(message) == 16 * _MIB

    def test_text(self) -> None:
        """The text and the bytes that it is decoded from."""
        header = b"\x81\x7f" + (16 * _MIB).to_bytes(8, "big")
        piece = b"x" * _MIB
        with _peak_below(33 * _MIB):
            message = _pour(receiver(), [header, *[piece] * 16])
        assert len(message) == 16 * _MIB

    def test_fragments(self) -> None:
        fragment = frame(0x00, bytes(_MIB))
        pieces = [b"\x02" + fragment[1:], *[fragment] * 14, b"\x80" + fragment[1:]]
        with _peak_below(16 * _MIB * 9 / 8 + 3 * _MIB):
            message = _pour(receiver(), pieces)
        assert len(message) == 16 * _MIB

    @pytest.mark.parametrize("first", [0x01, 0x02, 0x81, 0x82])
    def test_a_length_that_lies_without_a_limit(self, first: int) -> None:
        """R3.16, R3.22: memory follows what has come, not what was announced."""
        machine = receiver(message_max=0)
        with _peak_below(_MIB):
            assert deliver(machine, bytes([first]) + b"\x7f\x7f" + b"\xff" * 7 + bytes(100)) == []

    def test_a_length_over_the_limit(self) -> None:
        wire = b"\x82\x7f\x7f" + b"\xff" * 7
        with _peak_below(_MIB):
            assert events_of([wire]) == [Error.MESSAGE_TOO_BIG]
