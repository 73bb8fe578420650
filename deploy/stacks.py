"""The stacks of a deployment, their order, and the next step for a stack in each state. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

Target = Literal["lambda", "fargate"]
TARGETS: tuple[Target, ...] = ("lambda", "fargate")

BASE = ("pipeline", "mediaconvert", "permissions", "artifacts")
"""Roles of the stacks that the service and the worker need."""
ABOVE = ("edge", "alarms")
"""Roles of the stacks that need the service and the worker."""
ROLES = (*BASE, *TARGETS, *ABOVE)
"""The roles of all possible stacks, each after those that it imports from."""


PROTECTED = frozenset({"pipeline"})
"""Roles of the stacks with data: uploads, videos, keys, statuses, messages. CloudFormation refuses to delete them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One stack of a deployment; its role is the name of its template."""

    role: str
    name: str

    @property
    def template(self) -> str:
        """The name of its file in `infra/`."""
        return f"{self.role}.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """An existing stack."""

    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)
    is_protected: bool = False
    """True if CloudFormation refuses to delete it."""


class UnknownStackError(Exception):
    """A stack can't be omitted, or a deployment can't have this name; the message lists what is allowed."""


def demand_name(deployment: str) -> None:
    """Check that AWS accepts the names of all resources that are named after the deployment.

    Raises:
        UnknownStackError: the name is too long, or has other characters.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,39}", deployment):
        raise UnknownStackError(f"STACK={deployment}: letters, digits and hyphens, a letter first, 40 at most")


def stack(role: str, deployment: str) -> Stack:
    """Return the stack of that role; the pipeline's stack has the deployment's name, which the others import by."""
    return Stack(role=role, name=deployment if role == "pipeline" else f"{deployment}-{role}")


def stacks(deployment: str, target: Target, *, without: Collection[str] = ()) -> list[Stack]:
    """Return the stacks to deploy, in order.

    >>> [each.name for each in stacks("demo", "lambda", without=["edge"])]
    ['demo', 'demo-mediaconvert', 'demo-permissions', 'demo-artifacts', 'demo-lambda', 'demo-alarms']

    Raises:
        UnknownStackError: `without` names an unknown stack, or one that is required.
    """
    demand_name(deployment)
    if unknown := set(without) - {"mediaconvert", *ABOVE}:
        raise UnknownStackError(f"{', '.join(sorted(unknown))}: only mediaconvert, edge and alarms can be left out")
    return [stack(role, deployment) for role in (*BASE, target, *ABOVE) if role not in without]


def every_stack(deployment: str) -> list[Stack]:
    """Return all stacks that a deployment can have, of both targets, in the order of creation."""
    return [stack(role, deployment) for role in ROLES]


def addresses(outputs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the URLs of a deployment, by purpose, from the outputs of its stacks by role.

    >>> addresses({"lambda": {"ApiUrl": "https://a.example"}})
    {'API': 'https://a.example'}
    """
    edge = outputs.get("edge", {}).get("PlaybackBaseUrl")
    api = next((outputs[target]["ApiUrl"] for target in TARGETS if target in outputs), None)
    if edge is None:
        return {"API": api} if api else {}
    found = {"page": edge, "API": edge, "documentation": f"{edge}/docs", "playback": edge}
    distribution = outputs["edge"].get("DistributionDomainName", "")
    # A custom domain name needs a DNS record for the distribution, which its owner has to create.
    return found if distribution in edge else {**found, "DNS": f"{edge.removeprefix('https://')}->{distribution}"}


class Step(Enum):
    """The next step for a stack."""

    CREATE = "create"
    UPDATE = "update"
    WAIT = "wait"
    REMOVE = "remove"
    """Its creation or deletion failed: it must be deleted before it can be created again."""
    GIVE_UP = "give up"
    """An operator must repair the stack."""


def next_step(status: str | None) -> Step:
    """Return the next step for a stack with this status; None stands for a stack that doesn't exist.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
    """
    match status:
        case None | "DELETE_COMPLETE" | "REVIEW_IN_PROGRESS":
            return Step.CREATE
        case "ROLLBACK_COMPLETE" | "CREATE_FAILED" | "ROLLBACK_FAILED" | "DELETE_FAILED":
            return Step.REMOVE
        case "UPDATE_ROLLBACK_FAILED" | "UPDATE_FAILED":
            return Step.GIVE_UP
        case running if running.endswith("_IN_PROGRESS"):
            return Step.WAIT
        case _:
            return Step.UPDATE


def reasons(events: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the reasons of a failed change, oldest first; `events` are the change's stack events, newest first.

    Resources that were cancelled because another one failed, and the stack's own summary, are left out.
    """
    found = [
        f"{event['LogicalResourceId']} ({event.get('ResourceType', 'resource')}): {event['ResourceStatusReason']}"
        for event in reversed(events)
        if event.get("ResourceStatus", "").endswith("_FAILED")
        and event.get("ResourceStatusReason")
        and event.get("ResourceType") != "AWS::CloudFormation::Stack"
        and "cancelled" not in event["ResourceStatusReason"].lower()
    ]
    return list(dict.fromkeys(found))
