"""Runs the Autobahn suite against the echo server and the echo client beside this module.

Prints the verdicts, writes them into `docs/conformance.md`, and fails unless every case is OK, or
INFORMATIONAL where the suite knows no other verdict. The programs that install and run the suite
are not part of this project; the folder that holds them is an argument.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

AGENT = "beastly"
PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
BEGIN, END = "<!-- verdicts: begin -->", "<!-- verdicts: end -->"

GROUPS = {
    "1": "text and binary messages of 0 to 65536 bytes",
    "2": "pings and pongs",
    "3": "reserved bits",
    "4": "reserved opcodes",
    "5": "fragments, with control frames between them",
    "6": "UTF-8, valid and not, and how early it fails",
    "7": "closing",
    "9": "large messages, and many",
    "10": "fragments that the peer makes of a message",
    "12": "compressed messages: five kinds of data, 16 to 131072 bytes, fragments",
    "13": "compressed messages: seven sets of parameters",
}

Verdicts = Mapping[str, Mapping[str, str]]


def run_server(harness: Path, outdir: Path) -> None:
    """Run the suite's client against the echo server."""
    command = [sys.executable, "-m", "tests.autobahn.echo_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            url = server.stdout.readline().strip() if server.stdout else ""
            run_suite([str(harness / "run-server-test"), url, "--agent", AGENT], outdir)
        finally:
            server.terminate()


def run_client(harness: Path, outdir: Path) -> None:
    """Run the suite's server, and the echo client against it."""
    client = [sys.executable, "-m", "tests.autobahn.echo_client"]
    run_suite([str(harness / "run-client-test")], outdir, client)


def run_suite(command: list[str], outdir: Path, peer: list[str] | None = None) -> None:
    """Run one side; the verdicts are judged from its report, so only a missing one is an error."""
    subprocess.run([*command, "--outdir", str(outdir), *(peer or [])], check=False)


def read_verdicts(outdir: Path) -> Verdicts:
    """Return what the report of one side says of each case."""
    report = json.loads((outdir / "index.json").read_text())
    cases: Verdicts = report[AGENT]
    return cases


def is_passed(verdict: Mapping[str, str]) -> bool:
    """Tell whether a case has the best verdict that it can have."""
    return {verdict["behavior"], verdict["behaviorClose"]} <= {"OK", "INFORMATIONAL"}


def table(server: Verdicts, client: Verdicts) -> str:
    """Return the verdicts, a row for each group of cases."""
    lines = ["| cases | what they test | as server | as client |", "| --- | --- | --- | --- |"]
    for group, subject in GROUPS.items():
        cells = " | ".join(counts(side, group) for side in (server, client))
        lines.append(f"| {group}.* | {subject} | {cells} |")
    cells = " | ".join(f"**{counts(side, '')}**" for side in (server, client))
    lines.append(f"| all | | {cells} |")
    return "\n".join(lines)


def counts(verdicts: Verdicts, group: str) -> str:
    """Return how often each verdict was given in a group, or in all of them."""
    found = Counter(
        verdict["behavior"]
        for case, verdict in verdicts.items()
        if not group or case.startswith(f"{group}.")
    )
    return ", ".join(f"{number} {verdict}" for verdict, number in found.most_common())


def main() -> int:
    """Run both sides."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("harness", type=Path, help="the folder with run-server-test")
    harness = parser.parse_args().harness
    with tempfile.TemporaryDirectory() as temporary:
        sides = {"server": run_server, "client": run_client}
        for side, run in sides.items():
            run(harness, Path(temporary) / side)
        server, client = (read_verdicts(Path(temporary) / side) for side in sides)
    verdicts = table(server, client)
    page = PAGE.read_text()
    marked = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    PAGE.write_text(marked.sub(f"{BEGIN}\n{verdicts}\n{END}", page))
    print(verdicts)
    return 0 if all(map(is_passed, [*server.values(), *client.values()])) else 1


if __name__ == "__main__":
    sys.exit(main())
