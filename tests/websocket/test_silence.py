"""How long a peer may stay silent."""

from beastly.websocket._silence import Silence, Step


def test_without_pings_the_time_is_one_piece() -> None:
    silence = Silence(20, pings=False)
    assert silence.period == silence.patience == 20
    assert silence.ran_out() is Step.GIVE_UP
    assert silence.why == "no byte came from the peer for 20 s"


def test_a_ping_is_sent_at_half_time_and_only_once() -> None:
    silence = Silence(5, pings=True)
    assert silence.period == silence.patience == 2.5
    assert silence.is_fresh
    assert silence.ran_out() is Step.PING
    assert silence.patience == 2.5
    assert not silence.is_fresh
    assert silence.ran_out() is Step.GIVE_UP
    assert silence.why == (
        "no byte came from the peer for 5 s; a ping 2.5 s ago was not answered"
    )


def test_any_byte_is_a_sign_of_life() -> None:
    silence = Silence(10, pings=True)
    silence.ran_out()
    silence.waited(3)
    silence.heard()
    assert silence.is_fresh
    assert silence.patience == 5
    assert silence.ran_out() is Step.PING


def test_reads_that_are_cut_short_add_up() -> None:
    silence = Silence(10, pings=False)
    for left in (7, 4, 1, 0, 0):
        silence.waited(3)
        assert silence.patience == left
        assert not silence.is_fresh
    assert silence.ran_out() is Step.GIVE_UP
