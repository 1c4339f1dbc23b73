"""The states of a connection: RFC 6455 section 7.1."""

import itertools
from types import MappingProxyType

import pytest

from beastly.websocket._status import TRANSITIONS, Event, Status, advance

_ILLEGAL = sorted(
    set(itertools.product(Status, Event)) - set(TRANSITIONS), key=lambda pair: str(pair)
)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ([], Status.CONNECTING),
        ([Event.OPENED], Status.OPEN),
        ([Event.OPENED, Event.CLOSE_SENT], Status.LOCAL_CLOSING),
        ([Event.OPENED, Event.CLOSE_SENT, Event.CLOSE_RECEIVED], Status.CLOSED),
        ([Event.OPENED, Event.CLOSE_RECEIVED], Status.REMOTE_CLOSING),
        ([Event.OPENED, Event.CLOSE_RECEIVED, Event.CLOSE_SENT], Status.CLOSED),
        ([Event.ABANDONED], Status.CLOSED),
        ([Event.FAILED, Event.FAILED], Status.FAILED),
    ],
)
def test_lives(events: list[Event], status: Status) -> None:
    """Sections 7.1.2 to 7.1.4: who closes first makes no difference to the end."""
    current = Status.CONNECTING
    for event in events:
        current = advance(current, event)
    assert current is status


@pytest.mark.parametrize("status", Status)
def test_anything_but_a_closed_connection_can_fail(status: Status) -> None:
    """Section 7.1.7."""
    if status is Status.CLOSED:
        with pytest.raises(RuntimeError):
            advance(status, Event.FAILED)
    else:
        assert advance(status, Event.FAILED) is Status.FAILED


@pytest.mark.parametrize(("status", "event"), _ILLEGAL)
def test_what_must_not_happen(status: Status, event: Event) -> None:
    with pytest.raises(RuntimeError, match=rf"{event.name} .* {status.name}$"):
        advance(status, event)


def test_at_most_one_close_frame_each_way() -> None:
    """Sections 5.5.1 and 7.1.4: nothing follows a close frame."""
    for event in (Event.CLOSE_SENT, Event.CLOSE_RECEIVED):
        for (status, first), after in TRANSITIONS.items():
            if first is event:
                assert (after, event) not in TRANSITIONS, status


def test_the_table_cannot_be_changed() -> None:
    assert isinstance(TRANSITIONS, MappingProxyType)


@pytest.mark.parametrize(
    ("status", "may"),
    [
        (Status.CONNECTING, "handshake"),
        (Status.OPEN, "write read"),
        (Status.LOCAL_CLOSING, "read"),
        (Status.REMOTE_CLOSING, ""),
        (Status.CLOSED, ""),
        (Status.FAILED, ""),
    ],
)
def test_what_a_caller_may_begin(status: Status, may: str) -> None:
    assert status.may_handshake == ("handshake" in may)
    assert status.may_write == ("write" in may)
    assert status.may_read == ("read" in may)
    assert status.is_open == (status is Status.OPEN)


def test_every_status_and_event_has_its_own_words() -> None:
    assert len({status.meaning for status in Status}) == len(Status)
    assert len({event.value for event in Event}) == len(Event)
