"""A job's settings over its template's."""

from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.overlay import overlay

VALUES = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=1), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text("abc", max_size=1), VALUES, max_size=3)


@given(OBJECTS)
def test_settings_over_themselves_change_nothing(settings: dict[str, object]) -> None:
    """A job may send its whole template back."""
    assert overlay(settings, settings) == settings


@given(OBJECTS)
def test_nothing_over_settings_changes_nothing(settings: dict[str, object]) -> None:
    """A job may send only a template's name."""
    assert overlay(settings, {}) == overlay({}, settings) == settings


@given(OBJECTS, OBJECTS)
def test_overlaying_twice_is_overlaying_once(base: dict[str, object], top: dict[str, object]) -> None:
    """The result already has all of the top."""
    once = overlay(base, top)
    assert overlay(once, top) == once


def test_lists_merge_by_index() -> None:
    """The second output of the job lies over the second of the template, a third is added."""
    base = {"outputs": [{"name": "a", "size": 1}, {"name": "b"}]}
    top = {"outputs": [{"size": 2}, {}, {"name": "c"}]}

    assert overlay(base, top) == {"outputs": [{"name": "a", "size": 2}, {"name": "b"}, {"name": "c"}]}


def test_an_explicit_null_is_as_good_as_absent() -> None:
    """Some SDKs send nulls for what wasn't set."""
    assert overlay({"a": 1}, {"a": None}) == {"a": 1}
