"""Immutable classes behave as frozen dataclasses with slots and keyword-only arguments do."""

from dataclasses import dataclass, field, fields, replace

import pytest

from transcode.immutable import immutable


@immutable
class Ours:
    """A class as the program defines it."""

    name: str
    size: int = 0
    secret: str = field(default="", repr=False)
    seen: list[str] = field(default_factory=list, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """The same class, by Python's own decorator."""

    name: str
    size: int = 0
    secret: str = field(default="", repr=False)
    seen: list[str] = field(default_factory=list, compare=False)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"name": "a"}, {"name": "a"}),
        ({"name": "a"}, {"name": "b"}),
        ({"name": "a", "size": 1}, {"name": "a", "size": 2}),
        ({"name": "a", "secret": "x"}, {"name": "a", "secret": "y"}),
        ({"name": "a", "seen": ["x"]}, {"name": "a", "seen": ["y"]}),
    ],
)
def test_comparison_hash_and_text_are_those_of_a_standard_class(
    first: dict[str, object], second: dict[str, object]
) -> None:
    """Fields without `compare` don't count, and fields without `repr` are not shown."""
    ours, standard = (Ours(**first), Ours(**second)), (Standard(**first), Standard(**second))  # type: ignore[arg-type]
    assert (ours[0] == ours[1]) == (standard[0] == standard[1])
    assert (hash(ours[0]) == hash(ours[1])) == (hash(standard[0]) == hash(standard[1]))
    assert [repr(each).removeprefix("Ours") for each in ours] == [
        repr(each).removeprefix("Standard") for each in standard
    ]


def test_objects_of_different_classes_are_not_equal() -> None:
    """Their fields may have the same names and values."""
    standard: object = Standard(name="a")
    assert Ours(name="a") != standard


def test_an_immutable_class_is_a_dataclass_with_slots_and_keyword_only_arguments() -> None:
    """Rows are mapped by its fields, and `replace` copies it."""
    assert [each.name for each in fields(Ours)] == ["name", "size", "secret", "seen"]
    assert replace(Ours(name="a"), size=5) == Ours(name="a", size=5)
    assert not hasattr(Ours(name="a"), "__dict__")
    with pytest.raises(TypeError):
        Ours("a")  # type: ignore[call-arg]


def test_objects_without_fields_are_equal() -> None:
    """Their class is all that they say."""

    @immutable
    class Empty:
        pass

    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())


def test_a_method_of_the_class_itself_is_kept() -> None:
    """A class may show itself in its own way."""

    @immutable
    class Shown:
        name: str

        def __repr__(self) -> str:
            return self.name

    assert repr(Shown(name="a")) == "a"
