import dataclasses

import pytest

from beastly.http import Limits


def test_defaults() -> None:
    assert dataclasses.asdict(Limits()) == {
        "start_line": 16_384,
        "field_line": 32_768,
        "head": 65_536,
        "fields": 128,
        "content": 1_048_576,
    }


@pytest.mark.parametrize("name", ["start_line", "field_line", "head", "fields", "content"])
def test_zero_is_a_limit_and_less_is_not(name: str) -> None:
    assert dataclasses.asdict(dataclasses.replace(Limits(), **{name: 0}))[name] == 0
    with pytest.raises(ValueError, match=f"not below zero.*{name}=-1"):
        dataclasses.replace(Limits(), **{name: -1})


def test_it_is_a_value() -> None:
    limits = Limits(head=100)
    assert limits == Limits(head=100)
    with pytest.raises(dataclasses.FrozenInstanceError):
        limits.__setattr__("head", 200)
