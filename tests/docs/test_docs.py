"""The documentation is true: its Python runs and is typed, its links lead somewhere.

All Python blocks of a page, from top to bottom, are one program. There is no way to leave a block
out: what cannot run is no Python. The program has to end by itself and to write nothing to the
standard error stream, where an unclosed socket would be reported.
"""

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import beastly
from tests.docs.pages import ROOT, Page, pages

PAGES = {page.name: page for page in pages()}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "MYPYPATH": str(ROOT)}

each_page = pytest.mark.parametrize("name", PAGES)


def _write_program(page: Page, folder: Path) -> Path:
    program = folder / page.name.replace("/", "_").replace(".md", ".py")
    program.write_text(page.python, encoding="utf-8")
    return program


@each_page
def test_blocks_say_their_language(name: str) -> None:
    vague = [
        f"{name}:{block.first_line - 1} ```{block.language}"
        for block in PAGES[name].blocks
        if not block.language or (block.language.startswith("py") and block.language != "python")
    ]
    assert not vague


@each_page
def test_python_runs(name: str, tmp_path: Path) -> None:
    program = _write_program(PAGES[name], tmp_path)
    finished = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", program],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=50,
    )
    # In this mode asyncio tells of each step that took long, as some do on a busy machine.
    complaints = [
        line
        for line in finished.stderr.splitlines()
        if not re.fullmatch(r"Executing <.*> took [\d.]+ seconds", line)
    ]
    assert (finished.returncode, complaints) == (0, [])


@pytest.mark.timeout(300)
def test_python_is_typed(tmp_path: Path) -> None:
    programs = [_write_program(page, tmp_path) for page in PAGES.values()]
    finished = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "setup.cfg", *programs],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


@each_page
def test_links_lead_somewhere(name: str) -> None:
    page = PAGES[name]
    broken: list[str] = []
    for number, target in page.links():
        path, _, anchor = target.partition("#")
        there = (page.path.parent / path).resolve() if path else page.path
        known = PAGES.get(there.relative_to(ROOT).as_posix())
        if not there.exists() or (anchor and (known is None or anchor not in known.anchors)):
            broken.append(f"{name}:{number} {target}")
    assert not broken


MODULES = [
    found.name
    for found in pkgutil.walk_packages(beastly.__path__, "beastly.")
    # Importing it would run it.
    if not found.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_are_true(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.failed == 0
