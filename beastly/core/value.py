"""`Value`: the base of small things that never change, as options, limits and reasons are.

The standard library's `dataclasses` would do, but its import takes longer than all of beastly. It
knows nothing of what the values mean.
"""

from typing import ClassVar, NoReturn, Self, dataclass_transform

__all__ = ["Value"]


@dataclass_transform(frozen_default=True)
class Value:
    """Compares, hashes, prints and is pickled by its fields, which can be set only once.

    The fields of a class are its `__slots__`; its `__init__` takes them in that order, checks them
    and hands them on to the one here.

    Raises:
        AttributeError: a field is set or deleted later.
    """

    __slots__: tuple[str, ...] = ()

    _names: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *fields: object) -> None:
        for name, value in zip(self._names, fields, strict=True):
            object.__setattr__(self, name, value)

    def __init_subclass__(cls) -> None:
        # Those of a subclass that adds none are its base's.
        if cls.__slots__:
            cls._names = cls.__slots__
            setattr(cls, "__match_args__", cls.__slots__)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} never changes: make another one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} never changes: make another one")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Value) and type(other) is type(self):
            return self._fields() == other._fields()
        return NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self._fields()))

    def __repr__(self) -> str:
        named = zip(self._names, self._fields(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in named)})"

    def __reduce__(self) -> tuple[object, ...]:
        # By way of the checks: what comes out of a pickle may have been edited.
        return type(self), self._fields()

    def __replace__(self, /, **changes: object) -> Self:
        # For `copy.replace`, of Python 3.13 on.
        return type(self)(**dict(zip(self._names, self._fields(), strict=True), **changes))

    def _fields(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self._names])
