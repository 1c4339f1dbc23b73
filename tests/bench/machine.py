"""Where a run is made: the machine, the interpreter and the versions of who is compared."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version

from tests.bench.libraries import PEERS, backends, installed, missing
from tests.bench.record import Circumstances

__all__ = ["circumstances"]


def circumstances(placement: str, load: float, seconds: float) -> Circumstances:
    """Return what there is to know of a run that took so many seconds."""
    known = ["beastly", *(name for name in installed() if name in PEERS), *backends()]
    return Circumstances(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        seconds=seconds,
        processor=_processor(),
        cores=os.cpu_count() or 1,
        load=load,
        system=f"{platform.system()} {platform.release()}",
        python=f"{platform.python_implementation()} {platform.python_version()}",
        placement=placement,
        versions={name: version(name) for name in known},
        missing=missing(),
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(
                line.partition(":")[2].strip() for line in lines if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
