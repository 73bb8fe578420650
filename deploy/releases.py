"""Names the releases of the Lambda functions, and selects the versions of a rollback. Pure.

A deployment publishes a version of each function, whose description is the release, and points the alias `live` to it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RELEASE = "Release"
"""The parameter of infra/lambda.yaml."""
ALIAS = "live"
UNPUBLISHED = "$LATEST"
"""The number that Lambda gives to the function itself, beside its versions."""


class RollbackError(Exception):
    """There is nothing to roll back to; the message gives the reason and the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionVersion:
    """A published version of a function."""

    number: int
    release: str
    published: str = ""
    """The time, as Lambda writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionVersions:
    """The published versions of one function, and the number of the live one."""

    function: str
    live: int | None
    """None if no version is live: the first deployment didn't end, and calls go to the unpublished function."""
    versions: Sequence[FunctionVersion]

    @property
    def live_release(self) -> str:
        """The release of the live version; empty if the version doesn't exist any more."""
        return next((each.release for each in self.versions if each.number == self.live), "")

    def newest(self, release: str) -> FunctionVersion | None:
        """Return the newest version of a release."""
        found = [each for each in self.versions if each.release == release]
        return max(found, key=lambda each: each.number, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasMove:
    """A function whose alias moves to another version."""

    function: str
    before: str
    after: FunctionVersion


def release_name(template: str, parameters: Mapping[str, str]) -> str:
    """Return the name of the release: a digest of the template and of its parameters, the package's key included."""
    settings = {name: value for name, value in parameters.items() if name != RELEASE}
    return hashlib.sha256(json.dumps([template, settings], sort_keys=True).encode()).hexdigest()[:12]


def with_release(template: str, parameters: dict[str, str], *, is_complete: bool = True) -> dict[str, str]:
    """Return the parameters with the name of the release, if the template declares it.

    An empty name publishes nothing. It stands for parameters that aren't complete, because they come from a stack that
    is created later.
    """
    if RELEASE not in parameters:
        return parameters
    return {**parameters, RELEASE: release_name(template, parameters) if is_complete else ""}


def plan_rollback(functions: Sequence[FunctionVersions], release: str | None = None) -> list[AliasMove]:
    """Return the moves to a release; by default to the one before the live release of the first function.

    Raises:
        RollbackError: there is no earlier release, or a function has no version of it.
    """
    wanted = release or _previous_release(functions[0])
    moves = []
    for each in functions:
        version = each.newest(wanted)
        if version is None:
            raise RollbackError(f"{each.function} has no version of release {wanted}; {_known_releases(each)}")
        if version.number != each.live:
            before = UNPUBLISHED if each.live is None else str(each.live)
            moves.append(AliasMove(function=each.function, before=before, after=version))
    return moves


def _previous_release(function: FunctionVersions) -> str:
    if function.live is None:
        raise RollbackError(f"{function.function} has no release yet: run `make deploy` again")
    earlier = [each for each in function.versions if each.number < function.live]
    other = [each for each in earlier if each.release != function.live_release]
    if not other:
        raise RollbackError(f"{function.function} has no version before {function.live}: deploy an earlier checkout")
    return max(other, key=lambda each: each.number).release


def _known_releases(function: FunctionVersions) -> str:
    known = dict.fromkeys(each.release for each in sorted(function.versions, key=lambda each: -each.number))
    return f"its releases are {', '.join(known)}, the newest first"
