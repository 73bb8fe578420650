"""A job's settings merge with its template's."""

from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.merge import merge_settings

VALUES = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=1), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text("abc", max_size=1), VALUES, max_size=3)


@given(OBJECTS)
def test_merging_settings_with_themselves_changes_nothing(settings: dict[str, object]) -> None:
    """A job may contain all of its template's settings."""
    assert merge_settings(settings, settings) == settings


@given(OBJECTS)
def test_merging_settings_with_an_empty_object_changes_nothing(settings: dict[str, object]) -> None:
    """A job may contain only its template's name."""
    assert merge_settings(settings, {}) == merge_settings({}, settings) == settings


@given(OBJECTS, OBJECTS)
def test_merging_twice_is_the_same_as_merging_once(base: dict[str, object], override: dict[str, object]) -> None:
    """The result contains all values of the override."""
    once = merge_settings(base, override)
    assert merge_settings(once, override) == once


def test_lists_merge_by_index() -> None:
    """The job's second output merges with the template's second; its third is added."""
    base = {"outputs": [{"name": "a", "size": 1}, {"name": "b"}]}
    override = {"outputs": [{"size": 2}, {}, {"name": "c"}]}

    assert merge_settings(base, override) == {"outputs": [{"name": "a", "size": 2}, {"name": "b"}, {"name": "c"}]}


def test_a_null_counts_as_absent() -> None:
    """Some SDKs send null for values that were not set."""
    assert merge_settings({"a": 1}, {"a": None}) == {"a": 1}
