import pytest

from beastly.http import Limits


def test_defaults() -> None:
    assert Limits() == Limits(
        start_line=16_384, field_line=32_768, head=65_536, fields=128, content=1_048_576
    )


@pytest.mark.parametrize("name", ["start_line", "field_line", "head", "fields", "content"])
def test_zero_is_a_limit_and_less_is_not(name: str) -> None:
    limits = Limits(**{name: 0})
    assert f"{name}=0" in repr(limits)
    assert limits != Limits()
    with pytest.raises(ValueError, match=f"not below zero.*{name}=-1"):
        Limits(**{name: -1})


def test_it_is_a_value() -> None:
    limits = Limits(head=100)
    assert limits == Limits(head=100)
    with pytest.raises(AttributeError, match="never changes"):
        limits.__setattr__("head", 200)
