"""The three distributions in `dist` hold what they must, and work where nothing else is installed.

Not among the tests that are found by themselves: `make distcheck` builds the distributions, with
tools from the package index, and runs these. OTHERS in the environment names further interpreters.
"""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from beastly import __version__
from tests.support.compiler import compiler

ROOT = Path(__file__).parents[2]
SDIST = f"beastly-{__version__}.tar.gz"
PURE = f"beastly-{__version__}-py3-none-any.whl"
PLATFORM = sysconfig.get_platform().replace("-", "_").replace(".", "_")
ACCELERATED = f"beastly-{__version__}-cp311-abi3-{PLATFORM}.whl"
EXCHANGE = Path(__file__).with_name("exchange.py")
INTERPRETERS = [sys.executable, *os.environ.get("OTHERS", "").split()]
MODULE = "beastly/websocket/_accelerator"

pytestmark = pytest.mark.timeout(180)  # Seconds: pip may have to fetch what it builds with.


def _sources() -> set[str]:
    """What every distribution holds of the package."""
    return {
        path.relative_to(ROOT).as_posix()
        for pattern in ("*.py", "*.pyi", "py.typed")
        for path in (ROOT / "beastly").rglob(pattern)
    }


def _content(wheel: str) -> set[str]:
    """The files in a wheel, without what describes it."""
    with zipfile.ZipFile(ROOT / "dist" / wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


def _environment(**added: str) -> Mapping[str, str]:
    """The variables of this process without those that choose a path."""
    kept = {name: value for name, value in os.environ.items() if name != "BEASTLY_PURE"}
    return {**kept, **added}


def _install(distribution: str, python: str, folder: Path, **variables: str) -> str:
    """Install a distribution into a new environment in `folder`; return its interpreter."""
    subprocess.run([python, "-m", "venv", "--without-pip", str(folder)], check=True)
    installed = str(folder / "bin" / "python")
    pip = [sys.executable, "-m", "pip", "--python", installed, "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-cache-dir", str(ROOT / "dist" / distribution)],
        env=_environment(**variables),
        check=True,
    )
    return installed


def _exchange(installed: str, folder: Path) -> bool:
    """Exchange messages with what is installed in `folder`; return whether that is done in C."""
    run = subprocess.run(
        [installed, "-I", "-W", "error", str(EXCHANGE)],
        env=_environment(),
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    text, whole, file, accelerated, version = json.loads(run.stdout)
    assert (text, whole, version) == ("hello", True, __version__)
    assert folder.resolve() in Path(file).resolve().parents
    assert isinstance(accelerated, bool)
    return accelerated


def test_all_are_there_and_nothing_else() -> None:
    assert {path.name for path in (ROOT / "dist").iterdir()} == {SDIST, PURE, ACCELERATED}


def test_the_pure_wheel_holds_the_package() -> None:
    assert _content(PURE) == _sources()


def test_the_accelerated_wheel_holds_the_binary_too() -> None:
    assert _content(ACCELERATED) == _sources() | {f"{MODULE}.abi3.so"}


def test_the_source_distribution_holds_all_that_is_worked_on() -> None:
    with tarfile.open(ROOT / "dist" / SDIST) as opened:
        files = {name.partition("/")[2] for name in opened.getnames() if not name.endswith("/")}
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")}
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    top = {"LICENSE", "Makefile", "README.md", "pyproject.toml", "setup.cfg", "setup.py"}
    assert not (_sources() | tests | pages | top | {f"{MODULE}.c"}) - files
    assert not [name for name in files if name.endswith((".so", ".pyc"))]


@pytest.mark.parametrize("python", INTERPRETERS)
def test_the_pure_wheel_works(python: str, tmp_path: Path) -> None:
    assert not _exchange(_install(PURE, python, tmp_path), tmp_path)


@pytest.mark.parametrize("python", INTERPRETERS)
def test_the_accelerated_wheel_works(python: str, tmp_path: Path) -> None:
    """One binary serves every version."""
    assert _exchange(_install(ACCELERATED, python, tmp_path), tmp_path)


def test_the_source_distribution_works(tmp_path: Path) -> None:
    """In C, as the accelerated wheel could be built here."""
    assert compiler() is not None
    assert _exchange(_install(SDIST, sys.executable, tmp_path), tmp_path)


def test_the_source_distribution_works_without_a_compiler(tmp_path: Path) -> None:
    installed = _install(SDIST, sys.executable, tmp_path, CC="/bin/false")
    assert not _exchange(installed, tmp_path)


def test_the_source_distribution_can_be_had_pure(tmp_path: Path) -> None:
    installed = _install(SDIST, sys.executable, tmp_path, BEASTLY_PURE="1")
    assert not _exchange(installed, tmp_path)
