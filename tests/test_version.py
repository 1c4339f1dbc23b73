"""The version is written in one place, and everything else reads it there."""

import configparser
import re
from pathlib import Path

import beastly
from beastly import _version

SETUP = Path(__file__).resolve().parent.parent / "setup.cfg"


def test_version_is_a_release_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", _version.__version__)


def test_the_package_has_it() -> None:
    assert beastly.__version__ is _version.__version__


def test_the_metadata_read_it() -> None:
    setup = configparser.ConfigParser()
    setup.read_string(SETUP.read_text(encoding="utf-8"))
    assert setup["metadata"]["version"] == "attr: beastly._version.__version__"
