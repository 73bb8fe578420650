"""The release of the Lambda functions, and the versions that a rollback selects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.releases import (
    RELEASE,
    UNPUBLISHED,
    AliasMove,
    FunctionVersion,
    FunctionVersions,
    RollbackError,
    plan_rollback,
    release_name,
    with_release,
)


def function(name: str, releases: str, live: int) -> FunctionVersions:
    """Return a function with a version for each letter, the first one with number 1."""
    versions = [FunctionVersion(number=number, release=each) for number, each in enumerate(releases, start=1)]
    return FunctionVersions(function=name, live=live, versions=versions)


def target(moves: list[AliasMove]) -> dict[str, int]:
    """Return the number of the version that each alias moves to."""
    return {each.function: each.after.number for each in moves}


@pytest.mark.parametrize(
    ("releases", "live", "expected"),
    [("ab", 2, 1), ("abc", 3, 2), ("abc", 2, 1), ("aba", 3, 2), ("abb", 3, 1), ("abab", 3, 4)],
)
def test_a_rollback_goes_to_the_newest_version_of_the_release_before(releases: str, live: int, expected: int) -> None:
    """Releases may come back: a deployment of an earlier checkout publishes its release again."""
    assert target(plan_rollback([function("service", releases, live)])) == {"service": expected}


def test_all_functions_move_to_the_same_release() -> None:
    """Their version numbers may differ; the first function decides on the release."""
    functions = [function("service", "abc", 3), function("worker", "xabc", 4)]
    assert target(plan_rollback(functions)) == {"service": 2, "worker": 3}


def test_a_function_that_has_arrived_stays() -> None:
    """An interrupted rollback to a named release can be repeated."""
    functions = [function("service", "ab", 1), function("worker", "ab", 2)]
    assert target(plan_rollback(functions, "a")) == {"worker": 1}


def test_a_named_release_can_be_newer() -> None:
    """This undoes a rollback."""
    assert target(plan_rollback([function("service", "abc", 1)], "c")) == {"service": 3}


@pytest.mark.parametrize(
    ("releases", "live", "release", "message"),
    [
        ("a", 1, None, "has no version before 1"),
        ("aa", 2, None, "has no version before 2"),
        ("ab", 2, "z", "no version of release z; its releases are b, a, the newest first"),
    ],
)
def test_a_rollback_without_a_version_is_refused(releases: str, live: int, release: str | None, message: str) -> None:
    """No alias has moved by then."""
    with pytest.raises(RollbackError, match=message):
        plan_rollback([function("service", releases, live)], release)


@given(st.dictionaries(st.text(), st.text()), st.text(), st.text())
def test_a_release_depends_on_every_parameter_except_itself(parameters: dict[str, str], name: str, value: str) -> None:
    """A second run with the same settings finds the same release, and publishes nothing."""
    before = release_name("template", parameters)
    after = release_name("template", {**parameters, name: value})
    assert (before == after) == (parameters.get(name) == value or name == RELEASE)
    assert release_name("other template", parameters) != before


def test_only_a_template_that_declares_the_release_gets_it() -> None:
    """CloudFormation refuses an unknown parameter."""
    assert with_release("t", {"A": "1"}) == {"A": "1"}
    assert with_release("t", {"A": "1", RELEASE: "first"})[RELEASE] == release_name("t", {"A": "1"})


def test_incomplete_parameters_make_no_release() -> None:
    """The first round of a deployment doesn't know CloudFront's address, so a rollback must not find it."""
    assert with_release("t", {"A": "1", RELEASE: "first"}, is_complete=False) == {"A": "1", RELEASE: ""}


def test_a_function_without_a_live_version_has_nothing_to_roll_back_to() -> None:
    """Its first deployment didn't end; a named release can still be made live."""
    unpublished = FunctionVersions(function="service", live=None, versions=[])
    with pytest.raises(RollbackError, match="service has no release yet: run `make deploy` again"):
        plan_rollback([unpublished])
    published = FunctionVersions(function="service", live=None, versions=[FunctionVersion(number=1, release="a")])
    assert [(each.before, each.after.number) for each in plan_rollback([published], "a")] == [(UNPUBLISHED, 1)]
