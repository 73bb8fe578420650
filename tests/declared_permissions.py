"""The permissions that each process of the program declares, and the AWS calls that a test run made.

A call that is not declared fails the test that makes it: see integration/conftest.py. Only a run of all integration
tests can show that a declared permission is never used: see permission_check.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from service.permissions import SERVICE as SERVICE_PERMISSIONS
from transcode.permissions import Permission, Permissions, Resource
from worker.permissions import OPERATOR as OPERATOR_PERMISSIONS
from worker.permissions import WORKER as WORKER_PERMISSIONS

SERVICE = "service"
WORKER = "worker"
OPERATOR = "operator"
"""`python -m worker.redrive`, and the list of `python -m worker.reconcile --list`."""
SERVICE_OR_WORKER = "service or worker"
"""Calls of a store that both processes have, which a test makes for neither of them. They use no permission."""

DECLARED: dict[str, Permissions] = {
    SERVICE: SERVICE_PERMISSIONS,
    WORKER: WORKER_PERMISSIONS,
    OPERATOR: OPERATOR_PERMISSIONS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An AWS action that a process called; the resource is None where the parameters don't tell it."""

    process: str
    action: str
    resource: Resource | None


def is_declared(call: Call) -> bool:
    """Return whether the call's process declares the action on the resource."""
    permissions = SERVICE_PERMISSIONS | WORKER_PERMISSIONS
    if call.process != SERVICE_OR_WORKER:
        permissions = DECLARED[call.process]
    return any(each.action == call.action and call.resource in {None, each.resource} for each in permissions)


def unused(process: str, calls: Iterable[Call]) -> set[Permission]:
    """Return the permissions that the process declares and that none of the calls needed."""
    own = {(call.action, call.resource) for call in calls if call.process == process}
    actions = {action for action, _ in own}
    return {
        each
        for each in DECLARED[process]
        if (each.action, each.resource) not in own and not _is_needed_by_another_action(each, actions)
    }


def _is_needed_by_another_action(permission: Permission, actions: set[str]) -> bool:
    match permission.action, permission.resource:
        case "iam:PassRole", _:  # CreateJob names the role
            return "mediaconvert:CreateJob" in actions
        case "mediaconvert:CreateJob", _:  # one call needs it on the queue and on the template
            return "mediaconvert:CreateJob" in actions
        case "s3:ListBucket", Resource.OUTPUT_BUCKET:  # with it, S3 answers 404 for a missing object, and else 403
            return "s3:GetObject" in actions
        case "s3:GetObject", Resource.UPLOADS:  # MediaConvert reads a probed file with the caller's rights
            return "mediaconvert:Probe" in actions
        case "sqs:CancelMessageMoveTask", _:  # the request names a task, and not its queue
            return permission.action in actions
        case _:
            return False
