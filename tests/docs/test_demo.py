"""The demo runs to its end, quietly on the standard error stream, and shows what it promises."""

import os
import re
import subprocess
import sys

from tests.docs.pages import ROOT

DEMO = ROOT / "docs" / "examples" / "demo.py"


def test_demo_shows_each_handshake_and_each_closing() -> None:
    finished = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", DEMO],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    shown = finished.stdout
    lines = [line.strip() for line in shown.splitlines()]
    # Four scenes, the last with two attempts: one refused, one accepted.
    assert sum(bool(re.fullmatch(r"> GET /\S+ HTTP/1\.1", line)) for line in lines) == 5
    assert lines.count("< HTTP/1.1 101 Switching Protocols") == 4
    assert lines.count("< HTTP/1.1 401 Unauthorized") == 1
    assert lines.count("< Sec-WebSocket-Protocol: superchat") == 1
    # An unmasked text frame with "hello" (RFC 6455 section 5.7), and the close frames of both ends.
    assert lines.count("< 81 05 68 65 6c 6c 6f  (text)") == 1
    assert lines.count("< 88 02 03 e8  (close)") == 4
    assert len(re.findall(r"> 88 82( [0-9a-f]{2}){6}  \(close, masked\)", shown)) == 4
