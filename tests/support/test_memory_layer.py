"""The in-memory pair behaves as two connected sockets do."""

from collections.abc import Callable

import pytest

from beastly.core import Deadline, Layer, TimedOut, layer_over
from tests.support.memory_layer import MemoryLayer, connected_pair
from tests.support.threads import Background, run


def test_is_a_layer() -> None:
    near, _ = connected_pair()
    as_layer: Layer = near
    assert layer_over(near) is as_layer


def test_bytes_arrive_in_order_in_both_directions() -> None:
    near, far = connected_pair()
    assert near.send(b"one", None) == 3
    assert near.send_vector([b"t", bytearray(b"wo")], None) == 3
    assert far.send(b"back", None) == 4
    assert far.receive(100, None) == b"onetwo"
    assert near.receive(2, None) == b"ba"
    assert near.unread == 2
    assert near.receive(2, None) == b"ck"
    assert near.sends == [b"one", b"two"]
    assert near.sent == b"onetwo"
    assert near.receives == 2


def test_chunk_bounds_what_one_call_receives() -> None:
    near, far = connected_pair(chunk=2)
    near.send(b"abcde", None)
    assert [far.receive(100, None) for _ in range(3)] == [b"ab", b"cd", b"e"]


def test_receive_into_fills_from_the_start() -> None:
    near, far = connected_pair()
    near.send(b"abc", None)
    region = bytearray(5)
    assert far.receive_into(memoryview(region), None) == 3
    assert region == b"abc\0\0"


def test_receive_waits_for_bytes() -> None:
    near, far = connected_pair()
    waiting = Background(lambda: far.receive(10, None))
    far.wait_for_receiver()
    near.send(b"x", None)
    assert waiting.result() == b"x"


def test_send_takes_what_has_room_and_waits_for_more() -> None:
    near, far = connected_pair(capacity=4)
    assert near.send(b"abcdef", None) == 4
    waiting = Background(lambda: near.send(b"ef", None))
    near.wait_for_sender()
    assert far.receive(1, None) == b"a"
    assert waiting.result() == 1
    assert far.receive(10, None) == b"bcde"


def test_deadlines() -> None:
    near, far = connected_pair(capacity=1)
    near.send(b"a", Deadline(0))
    for deadline in (Deadline(0), Deadline(0.01)):
        with pytest.raises(TimedOut):
            near.send(b"b", deadline)
        with pytest.raises(TimedOut):
            near.receive(1, deadline)
    assert far.receive(1, Deadline(0)) == b"a"
    assert near.sent == b"a"


def test_shutdown_ends_one_direction() -> None:
    near, far = connected_pair()
    near.send(b"last", None)
    near.shutdown(None)
    assert near.ended
    assert (far.receive(10, None), far.receive(10, None)) == (b"last", b"")
    with pytest.raises(BrokenPipeError):
        near.send(b"more", None)
    far.send(b"still", None)
    assert near.receive(10, None) == b"still"


def test_close_ends_both_directions() -> None:
    near, far = connected_pair()
    near.send(b"last", None)
    near.close()
    near.close()
    assert near.closed
    assert (far.receive(10, None), far.receive(10, None)) == (b"last", b"")
    with pytest.raises(BrokenPipeError):
        far.send(b"more", None)


def test_abort_wakes_both_halves_of_both_ends() -> None:
    near, far = connected_pair(capacity=1)
    near.send(b"x", None)

    def refused() -> bool:
        with pytest.raises(BrokenPipeError):
            near.send(b"y", None)
        return True

    def abort() -> None:
        near.wait_for_receiver()
        near.wait_for_sender()
        near.abort()

    assert run(lambda: near.receive(1, None), refused, abort) == (b"", True, None)
    assert near.aborted
    assert near.receive(1, None) == b""
    assert far.receive(2, None) == b"x"
    assert far.receive(2, None) == b""


def test_reset_takes_unread_bytes_away() -> None:
    near, far = connected_pair()
    near.send(b"lost", None)
    near.reset()
    with pytest.raises(ConnectionResetError):
        far.receive(10, None)
    with pytest.raises(ConnectionResetError):
        far.send(b"x", None)


def test_two_waiting_ends_do_not_wake_each_other_for_ever() -> None:
    near, far = connected_pair()
    with_near = Background(lambda: near.receive(1, None))
    with_far = Background(lambda: far.receive(1, None))
    near.wait_for_receiver()
    far.wait_for_receiver()
    near.send(b"n", None)
    assert with_far.result() == b"n"
    far.send(b"f", None)
    assert with_near.result() == b"f"


def _receive(layer: MemoryLayer) -> object:
    return layer.receive(1, None)


def _send(layer: MemoryLayer) -> object:
    return layer.send(b"x", None)


@pytest.mark.parametrize("call", [_receive, _send])
def test_use_after_close_breaks_the_contract(call: Callable[[MemoryLayer], object]) -> None:
    near, _ = connected_pair()
    near.close()
    with pytest.raises(AssertionError, match="after close"):
        call(near)


def test_a_second_thread_in_one_half_and_a_close_under_it_break_the_contract() -> None:
    near, far = connected_pair()
    waiting = Background(lambda: near.receive(1, None))
    near.wait_for_receiver()
    with pytest.raises(AssertionError, match="two threads"):
        near.receive(1, None)
    with pytest.raises(AssertionError, match="inside"):
        near.close()
    far.close()
    assert waiting.result() == b""
    near.close()


def test_sizes_that_move_nothing_break_the_contract() -> None:
    near, _ = connected_pair()
    with pytest.raises(AssertionError):
        near.receive(0, None)
    with pytest.raises(AssertionError):
        near.send(b"", None)


def test_waiting_for_a_thread_is_bounded() -> None:
    near, _ = connected_pair()
    with pytest.raises(AssertionError, match="no thread"):
        near.wait_for_receiver(bound=0.01)
