"""`Role`."""

from beastly.core import Role


def test_there_are_two_ends() -> None:
    assert [role.value for role in Role] == ["client", "server"]
