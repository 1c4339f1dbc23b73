"""The C compiler of this machine, if it has one that can build extensions of this Python."""

import os
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path

__all__ = ["compile_c", "compiler"]


def compiler() -> list[str] | None:
    """The command that setuptools would take; `None`: it is missing, or the headers are."""
    command = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    headers = Path(sysconfig.get_path("include"), "Python.h")
    return command if shutil.which(command[0]) and headers.exists() else None


def compile_c(command: list[str], source: Path, *options: str) -> str:
    """Compile `source` without keeping what comes out; return what the compiler says."""
    include = sysconfig.get_path("include")
    run = subprocess.run(
        [*command, "-fsyntax-only", "-I", include, *options, str(source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return run.stdout if run.returncode == 0 else f"{run.stdout}\nexit status {run.returncode}"
