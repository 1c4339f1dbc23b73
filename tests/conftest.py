"""What holds for every test: it leaves no thread and no open socket behind."""

import os
import stat
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.pairs import TlsContexts, make_tls_contexts

# Examples that take long on a busy machine are no failures; a hang meets pytest's own timeout.
settings.register_profile(
    "beastly", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("beastly")

# How long a thread of a test that has passed may take to come to its end.
_LAST_STEPS = 3.0


@pytest.fixture(autouse=True)
def leaves_nothing_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that passed but leaves a thread running or a socket open."""
    failed = request.session.testsfailed
    threads = set(threading.enumerate())
    sockets = _open_sockets()
    yield
    if request.session.testsfailed > failed:
        return
    for thread in set(threading.enumerate()) - threads:
        thread.join(_LAST_STEPS)
        assert not thread.is_alive(), f"the test left {thread.name} running"
    left = _open_sockets() - sockets
    assert not left, f"the test left sockets open: descriptors {sorted(left)}"


def _open_sockets() -> set[int]:
    return {descriptor for descriptor in map(int, os.listdir("/dev/fd")) if _is_socket(descriptor)}


def _is_socket(descriptor: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False  # It was the one that listed the others.


@pytest.fixture(scope="session")
def tls_contexts() -> TlsContexts:
    """The TLS contexts of a client and a server that trust each other."""
    return make_tls_contexts()
