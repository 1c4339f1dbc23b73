"""What `tests/conftest.py` promises for every test: leaks are found, and only leaks."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

CASES = """
import socket, threading
import pytest

kept = []

def test_tidy():
    near, far = socket.socketpair()
    with near, far:
        thread = threading.Thread(target=near.recv, args=(1,))
        thread.start()
        far.send(b"x")
        thread.join()

def test_thread():
    threading.Thread(target=threading.Event().wait, name="forgotten", daemon=True).start()

def test_kept_sockets():
    kept.extend(socket.socketpair())

def test_dropped_sockets():
    socket.socketpair()

def test_failed_with_sockets():
    kept.extend(socket.socketpair())
    assert False

@pytest.mark.timeout(0.5)
def test_hang():
    threading.Event().wait()
"""


def test_leaks_are_found(tmp_path: Path) -> None:
    cases = tmp_path / "test_cases.py"
    cases.write_text(CASES, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", "setup.cfg", "-p", "tests.conftest", "-rA"]
    finished = subprocess.run(
        [*command, "--tb=line", cases],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    verdicts = {
        (found["verdict"], found["name"])
        for found in re.finditer(
            r"^(?P<verdict>PASSED|FAILED|ERROR) \S*::(?P<name>\w+)", finished.stdout, re.MULTILINE
        )
    }
    assert verdicts == {
        ("PASSED", "test_tidy"),
        ("PASSED", "test_thread"),
        ("ERROR", "test_thread"),
        ("PASSED", "test_kept_sockets"),
        ("ERROR", "test_kept_sockets"),
        ("FAILED", "test_dropped_sockets"),
        ("FAILED", "test_failed_with_sockets"),
        ("FAILED", "test_hang"),
    }, finished.stdout
    assert "the test left forgotten running" in finished.stdout
    assert "the test left sockets open" in finished.stdout
