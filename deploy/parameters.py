"""What each stack's parameters are set to. Pure.

A parameter has the first of these that there is: what the deployment itself says (where the package lies), what the
caller gave, the output of that name of another stack, what the stack has had so far, what suits the deployment, the
template's default.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from deploy.stacks import Deployed

DEFAULT_DEPLOYMENT = "mediaconvert-status"
TABLES = ("InputFileTable", "OutputTable", "StatusTable")
VISIBILITY_FACTOR = 6
"""Lambda asks for a visibility timeout of six times the function's, so that throttled batches aren't handed out twice.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""


class ParameterError(Exception):
    """A parameter is wrong, or missing; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A parameter that a template declares."""

    name: str
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known when a stack's parameters are filled."""

    fixed: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Those of all other stacks of the deployment."""
    previous: Mapping[str, str] = field(default_factory=dict)
    """What the stack, where there is one, has now."""
    suggested: Mapping[str, str] = field(default_factory=dict)


def known(
    role: str,
    there: Mapping[str, Deployed],
    *,
    left: str,
    given: Mapping[str, str],
    fixed: Mapping[str, str],
    suggested: Mapping[str, str],
) -> Known:
    """Return what is known of the parameters of the stack of this role, from all that is there by role.

    `left` is the target that is not, or no longer, wanted. What it told other stacks is no longer so: it neither fills
    their parameters, nor stays in them.
    """
    others = [each for of, each in there.items() if of not in {role, left}]
    told = there[left].outputs if left in there else {}
    previous = there[role].parameters if role in there else {}
    return Known(
        fixed=fixed,
        given=given,
        outputs={name: value for each in others for name, value in each.outputs.items()},
        previous={name: value for name, value in previous.items() if name not in told},
        suggested=suggested,
    )


def fill(declared: Sequence[Declared], known: Known) -> dict[str, str]:
    """Return a value for each parameter.

    Raises:
        ParameterError: One has none.
    """
    sources = (known.fixed, known.given, known.outputs, known.previous, known.suggested)
    values = {each.name: next((of[each.name] for of in sources if each.name in of), each.default) for each in declared}
    if missing := [name for name, value in values.items() if value is None]:
        raise ParameterError(f"no value for {', '.join(missing)}: give one as {missing[0]}=…")
    return {name: value for name, value in values.items() if value is not None}


def read(assignments: Sequence[str]) -> dict[str, str]:
    """Return `Name=value` assignments as a mapping; a value may be empty.

    >>> read(["AuthIssuer=https://id.example/?a=b", "CorsAllowOrigins="])
    {'AuthIssuer': 'https://id.example/?a=b', 'CorsAllowOrigins': ''}

    Raises:
        ParameterError: One is no assignment, or a name comes twice.
    """
    read: dict[str, str] = {}
    for assignment in assignments:
        name, sign, value = assignment.partition("=")
        if not sign or not name.isalnum():
            raise ParameterError(f"{assignment!r} is not Name=value")
        if name in read:
            raise ParameterError(f"{name} is given twice")
        read[name] = value
    return read


def demand_known(given: Mapping[str, str], declared: Collection[str]) -> None:
    """Return if every parameter that was given is one that some template of the deployment declares.

    Raises:
        ParameterError: One isn't; the message names the most similar.
    """
    for name in given:
        if name not in declared:
            similar = difflib.get_close_matches(name, declared, n=1)
            hint = f"; {similar[0]}?" if similar else ""
            raise ParameterError(f"no template has a parameter {name}{hint}")


def visibility_timeout_s(worker_timeout_s: int) -> str:
    """Return the queues' visibility timeout for a Lambda function that may run so long with their messages."""
    return str(VISIBILITY_FACTOR * worker_timeout_s)


def table_names(deployment: str, pipeline: Sequence[Declared]) -> dict[str, str]:
    """Return names for a new deployment's tables: the usual ones, or, beside them, names that begin with its own.

    Only one deployment in an account and region can have the usual names.
    """
    defaults = {each.name: each.default for each in pipeline}
    if deployment == DEFAULT_DEPLOYMENT:
        return {}
    return {f"{table}Name": f"{deployment}-{defaults[f'{table}Name']}" for table in TABLES}
