"""Waiting for descriptors."""

import errno
import os
import resource
import socket
from collections.abc import Callable

import pytest

from beastly.core import Deadline, TimedOut
from beastly.core._wait import wait_either, wait_readable, wait_writable
from tests.support.pairs import socket_pair
from tests.support.threads import Background


def fill(sock: socket.socket) -> None:
    """Send until nothing more is taken."""
    sock.setblocking(False)
    with pytest.raises(BlockingIOError):
        while True:
            sock.send(bytes(65536))


def test_readable_comes_with_a_byte_or_the_end() -> None:
    with socket_pair() as (near, far):
        with pytest.raises(TimedOut, match="no bytes arrived in time"):
            wait_readable(near.fileno(), Deadline(0))
        far.send(b"x")
        wait_readable(near.fileno(), Deadline(0))
        wait_readable(near.fileno(), None)
        assert near.recv(1) == b"x"
        far.shutdown(socket.SHUT_WR)
        wait_readable(near.fileno(), Deadline(0))


def test_writable_comes_with_room() -> None:
    with socket_pair() as (near, far):
        wait_writable(near.fileno(), None)
        fill(near)
        with pytest.raises(TimedOut, match="the peer takes no more bytes"):
            wait_writable(near.fileno(), Deadline(0.001))
        waiting = Background(lambda: wait_writable(near.fileno(), None))
        far.setblocking(False)
        with pytest.raises(BlockingIOError):
            while True:
                far.recv(65536)
        waiting.result()


def test_a_descriptor_may_be_large() -> None:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    with socket_pair() as (near, far):
        # select would refuse it; where the limit is low there is no such descriptor to try.
        large = min(1500, limit - 1)
        os.dup2(near.fileno(), large)
        try:
            far.send(b"x")
            wait_readable(large, Deadline(5))
        finally:
            os.close(large)


def test_either_comes_first() -> None:
    with socket_pair() as (near, far):
        wait_either(near.fileno(), None)
        fill(near)
        with pytest.raises(TimedOut, match="no bytes arrived in time, and the peer takes none"):
            wait_either(near.fileno(), Deadline(0.001))
        far.send(b"x")
        wait_either(near.fileno(), Deadline(5))


@pytest.mark.parametrize("wait", [wait_readable, wait_writable, wait_either])
def test_a_socket_that_its_owner_has_closed(
    wait: Callable[[int, Deadline | None], None],
) -> None:
    with socket_pair() as (near, _):
        near.close()
        with pytest.raises(OSError) as caught:
            wait(near.fileno(), Deadline(5))
        assert caught.value.errno == errno.EBADF
