"""The choice between the functions in C and those in Python."""

import os
import runpy
import subprocess
import sys
from types import ModuleType

import pytest

from beastly import websocket
from beastly.websocket import _block, _codec, _frame, _mask
from tests.support.compiler import compiler

ACCELERATOR = "beastly.websocket._accelerator"


def _afresh() -> dict[str, object]:
    """The names of the module after another run of it."""
    names: dict[str, object] = runpy.run_path(_codec.__file__)
    return names


def _block_in_c(size: int, /) -> bytes:
    raise NotImplementedError


def _mask_in_c(data: bytes | memoryview, key: bytes, /) -> bytes:
    raise NotImplementedError


def _mask_in_place_in_c(region: memoryview, key: bytes, /) -> None:
    raise NotImplementedError


def _frame_in_c(opcode: int, payload: bytes | memoryview, key: bytes = b"", /) -> bytes:
    raise NotImplementedError


def _whole_frame_in_c(
    data: bytes, position: int, masked: bool, limit: int, /
) -> tuple[int, bytes, int] | None:
    raise NotImplementedError


IN_C = {
    "block": _block_in_c,
    "frame": _frame_in_c,
    "mask": _mask_in_c,
    "mask_in_place": _mask_in_place_in_c,
    "whole_frame": _whole_frame_in_c,
}
IN_PYTHON = {
    "block": _block.block,
    "frame": _frame.frame,
    "mask": _mask.mask,
    "mask_in_place": _mask.mask_in_place,
    "whole_frame": _frame.whole_frame,
}


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be an accelerator, wherever the tests run."""
    stand_in = ModuleType(ACCELERATOR)
    vars(stand_in).update(IN_C)
    monkeypatch.setitem(sys.modules, ACCELERATOR, stand_in)
    monkeypatch.delenv("BEASTLY_PURE", raising=False)


@pytest.mark.usefixtures("built")
def test_c_is_taken_where_it_was_built() -> None:
    names = _afresh()
    assert names["ACCELERATED"] is True
    assert {name: names[name] for name in IN_C} == IN_C


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(("value", "accelerated"), [("1", False), ("0", False), ("", True)])
def test_pure_python_is_taken_on_demand(
    value: str, accelerated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEASTLY_PURE", value)
    names = _afresh()
    assert names["ACCELERATED"] is accelerated
    assert {name: names[name] for name in IN_C} == (IN_C if accelerated else IN_PYTHON)


def test_pure_python_is_taken_where_nothing_was_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, ACCELERATOR, None)  # An import of it then fails.
    monkeypatch.delenv("BEASTLY_PURE", raising=False)
    names = _afresh()
    assert names["ACCELERATED"] is False
    assert {name: names[name] for name in IN_PYTHON} == IN_PYTHON


def test_all_functions_come_from_one_side() -> None:
    """An accelerator that was built of older source lacks some."""
    functions = [getattr(_codec, name) for name in _codec.__all__ if name.islower()]
    in_c = {function.__module__ == ACCELERATOR for function in functions}
    assert in_c == {_codec.ACCELERATED}
    assert websocket.ACCELERATED is _codec.ACCELERATED


@pytest.mark.parametrize("pure", ["", "1"])
def test_a_program_gets_what_this_machine_can_build(pure: str) -> None:
    """Where there is a compiler, a missing accelerator is a fault and not a matter of fate."""
    program = "from beastly import websocket; print(websocket.ACCELERATED)"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "BEASTLY_PURE": pure, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = compiler() is not None and not pure
    assert run.stdout.strip() == str(expected), (
        "the accelerator is not as it should be here: `pip install --editable .` builds it"
    )
