"""Which stacks a deployment is made of, in which order, and what becomes of one in each state. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

Target = Literal["lambda", "fargate"]
TARGETS: tuple[Target, ...] = ("lambda", "fargate")

BASE = ("pipeline", "mediaconvert", "permissions", "artifacts")
"""What the service and the worker stand on."""
ABOVE = ("edge", "alarms")
"""What stands on the service and the worker."""
ROLES = (*BASE, *TARGETS, *ABOVE)
"""Every stack there can be, each after those that it imports from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """One stack of a deployment; its role is the name of its template."""

    role: str
    name: str

    @property
    def template(self) -> str:
        """Name of its file in `infra/`."""
        return f"{self.role}.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """A stack that is there."""

    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]


class UnknownStackError(Exception):
    """No stack has this role, or no deployment can have this name; the message says what can be."""


def demand_name(deployment: str) -> None:
    """Return if every resource that is named after a deployment of this name can be.

    Raises:
        UnknownStackError: It can't.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,55}", deployment):
        raise UnknownStackError(f"STACK={deployment}: letters, digits and hyphens, a letter first, 56 at most")


def stack(role: str, deployment: str) -> Stack:
    """Return the stack of that role; the pipeline's has the deployment's own name, which the others import by."""
    return Stack(role=role, name=deployment if role == "pipeline" else f"{deployment}-{role}")


def stacks(deployment: str, target: Target, *, without: Collection[str] = ()) -> list[Stack]:
    """Return the stacks to make, in order.

    >>> [each.name for each in stacks("demo", "lambda", without=["edge"])]
    ['demo', 'demo-mediaconvert', 'demo-permissions', 'demo-artifacts', 'demo-lambda', 'demo-alarms']

    Raises:
        UnknownStackError: `without` names what there is not, or what nothing works without.
    """
    demand_name(deployment)
    if unknown := set(without) - {"mediaconvert", *ABOVE}:
        raise UnknownStackError(f"{', '.join(sorted(unknown))}: only mediaconvert, edge and alarms can be left out")
    return [stack(role, deployment) for role in (*BASE, target, *ABOVE) if role not in without]


def every_stack(deployment: str) -> list[Stack]:
    """Return all stacks that a deployment can have, of either target, in the order in which they are made."""
    return [stack(role, deployment) for role in ROLES]


def addresses(outputs: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return where a deployment is reached, by what for, from the outputs of its stacks by role.

    >>> addresses({"lambda": {"ApiUrl": "https://a.example"}})
    {'API': 'https://a.example'}
    """
    edge = outputs.get("edge", {}).get("PlaybackBaseUrl")
    api = next((outputs[target]["ApiUrl"] for target in TARGETS if target in outputs), None)
    if edge is None:
        return {"API": api} if api else {}
    told = {"page": edge, "API": edge, "documentation": f"{edge}/docs", "playback": edge}
    distribution = outputs["edge"].get("DistributionDomainName", "")
    # A domain name of one's own leads nowhere until its owner says where.
    return told if distribution in edge else {**told, "DNS": f"{edge.removeprefix('https://')}->{distribution}"}


class Step(Enum):
    """What is to be done next with a stack."""

    CREATE = "create"
    UPDATE = "update"
    WAIT = "wait"
    REMOVE = "remove"
    """It failed while it was made, and holds nothing: it must go before it can be made again."""
    GIVE_UP = "give up"
    """Only a person can say what is to become of it."""


def next_step(status: str | None) -> Step:
    """Return what a stack in this state needs before it is what its template says; None is a stack that isn't there.

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
    """Return why a change failed, the first cause first, from the stack's events of that change, newest first.

    What was only cancelled because something else failed, and the stack's own summary, say nothing of the cause.
    """
    told = [
        f"{event['LogicalResourceId']} ({event.get('ResourceType', 'resource')}): {event['ResourceStatusReason']}"
        for event in reversed(events)
        if event.get("ResourceStatus", "").endswith("_FAILED")
        and event.get("ResourceStatusReason")
        and event.get("ResourceType") != "AWS::CloudFormation::Stack"
        and "cancelled" not in event["ResourceStatusReason"].lower()
    ]
    return list(dict.fromkeys(told))
