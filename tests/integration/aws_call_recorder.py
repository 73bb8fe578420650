"""Watches what the code under test asks of AWS, and holds it to what it declares that it asks.

Every client that `open_aws` opens tells of each call, and of each URL that it signs. Whose call it is, the stack says:
the innermost module of `service` or `worker` below it; `worker.redrive` is the operator's command. What a test asks by
way of a store that both processes have must be somebody's; what it asks with a client of its own is its own affair.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from local.embedded_aws import ROOT
from service.permissions import SERVICE
from transcode.aws import Aws
from transcode.permissions import Permission, Resource
from worker.permissions import OPERATOR, WORKER

DECLARED = {"service": SERVICE, "operator": OPERATOR, "worker": WORKER}

ACTIONS = {
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CreateBucket": "s3:PutObject",  # botocore's stand-in for a form, whose policy it signs
    "s3:ListParts": "s3:ListMultipartUploadParts",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
"""Operations whose IAM action has another name.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

NAMED = {
    "-InputFileTable": Resource.INPUT_FILE_TABLE,
    "-StatusTable": Resource.STATUS_TABLE,
    "-OutputTable": Resource.OUTPUT_TABLE,
    "-uploadsdeadletterqueue": Resource.UPLOADS_DEAD_LETTER_QUEUE,
    "-jobeventsdeadletterqueue": Resource.JOB_EVENTS_DEAD_LETTER_QUEUE,
    "-uploadsqueue": Resource.UPLOADS_QUEUE,
    "-jobeventsqueue": Resource.JOB_EVENTS_QUEUE,
}
"""What CloudFormation, or a test, calls the resources of a pipeline; a bucket is the input or the output bucket."""


ORIGIN_FRAMES = 4
"""Frames of whoever makes a coroutine that are remembered with it."""


@dataclass(slots=True)
class Calls:
    """What was asked, by whom: as far as it is known, with what it was asked of."""

    asked: set[tuple[str, str, Resource | None]] = field(default_factory=set)
    undeclared: list[str] = field(default_factory=list)

    def note(self, action: str, resource: Resource | None) -> None:
        """Record a call, and whether its process declares it."""
        asker = _asker(sys._getframe())  # noqa: SLF001 -- who calls is known to the stack alone
        if asker is None:
            return
        permissions = DECLARED.get(asker) or frozenset().union(*DECLARED.values())
        self.asked.add((asker, action, resource))
        if not any(each.action == action and resource in {None, each.resource} for each in permissions):
            self.undeclared.append(f"{asker} asked for {action} on {resource or 'something'}")

    def unused(self, asker: str) -> set[Permission]:
        """What the process declares and never asked for."""
        asked = {(action, resource) for who, action, resource in self.asked if who == asker}
        actions = {action for action, _ in asked}
        return {
            each
            for each in DECLARED[asker]
            if (each.action, each.resource) not in asked and not _is_implied(each, actions)
        }


def _is_implied(permission: Permission, actions: set[str]) -> bool:
    """Tell what no call asks for by itself: S3 wants ListBucket to say 404, MediaConvert PassRole to make a job."""
    match permission.action, permission.resource:
        case "iam:PassRole", _:
            return "mediaconvert:CreateJob" in actions
        case "mediaconvert:CreateJob", _:  # on the queue and on the template at once
            return "mediaconvert:CreateJob" in actions
        case "s3:ListBucket", Resource.OUTPUT_BUCKET:
            return "s3:GetObject" in actions
    return False


@contextmanager
def watch(calls: Calls) -> Iterator[None]:
    """Let every client of `open_aws` tell of its calls, for as long as the iteration."""
    opening = Aws._open  # noqa: SLF001 -- the one door to every client

    async def opened(self: Aws, service: str, *arguments: Any, **options: Any) -> object:  # noqa: ANN401 -- passed on
        client: Any = await opening(self, service, *arguments, **options)

        def note(params: Mapping[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 -- botocore's
            operation = f"{service}:{model.name}"
            action = ACTIONS.get(operation, operation)
            for resource in _resources(action, params) or (None,):
                calls.note(action, resource)

        client.meta.events.register("provide-client-params.*.*", note)
        return client

    Aws._open = opened  # type: ignore[method-assign]  # noqa: SLF001
    sys.set_coroutine_origin_tracking_depth(ORIGIN_FRAMES)
    try:
        yield
    finally:
        sys.set_coroutine_origin_tracking_depth(0)
        Aws._open = opening  # type: ignore[method-assign]  # noqa: SLF001


def _asker(frame: FrameType | None) -> str | None:
    modules = list(_modules_that_made_the_task())
    while frame is not None:
        modules.append(str(frame.f_globals.get("__name__", "")))
        frame = frame.f_back
    packages = {module.split(".")[0] for module in modules if module != Aws.__module__}
    if any(module.startswith("worker.redrive") for module in modules):
        return "operator"
    return next((each for each in (*DECLARED, "transcode") if each in packages), None)


def _modules_that_made_the_task() -> Iterator[str]:
    """Give the modules that a task's stack no longer shows: those that made it, `asyncio.gather` above all."""
    task = asyncio.current_task()
    for path, _, _ in (getattr(task.get_coro(), "cr_origin", None) if task else None) or ():
        if Path(path).is_relative_to(ROOT):
            yield ".".join(Path(path).relative_to(ROOT).with_suffix("").parts)


def _resources(action: str, params: Mapping[str, Any]) -> list[Resource]:
    match params:
        case {"RequestItems": items}:
            return [each for name in items for each in _named(str(name))]
        case {"TableName": name} | {"QueueUrl": name} | {"QueueName": name}:
            return _named(str(name))
        case {"Bucket": bucket}:
            objects, itself = (
                (Resource.OUTPUTS, Resource.OUTPUT_BUCKET)
                if "output" in str(bucket)
                else (Resource.UPLOADS, Resource.INPUT_BUCKET)
            )
            return [itself if action == "s3:ListBucket" else objects]
        case {"SecretId": _}:
            return [Resource.PLAYBACK_KEY]
        case _ if action.startswith("mediaconvert:"):
            return _of_mediaconvert(action, params)
    return []


def _named(name: str) -> list[Resource]:
    return [resource for part, resource in NAMED.items() if part.lower() in name.lower()][:1]


def _of_mediaconvert(action: str, params: Mapping[str, Any]) -> list[Resource]:
    if action in {"mediaconvert:CancelJob", "mediaconvert:GetJob"}:
        return [Resource.MEDIACONVERT_JOBS]
    if action == "mediaconvert:GetJobTemplate":
        return [Resource.MEDIACONVERT_JOB_TEMPLATE]
    return [Resource.MEDIACONVERT_QUEUE] if "Queue" in params else []
