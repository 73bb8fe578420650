"""Records the AWS calls of the code under test, and compares each call with the permissions that its process declares.

It also compares the parameters of each call with AWS's model of the operation, which no emulator enforces.

A process of the program gets all its clients from one `aws_of`. The tests replace that function by one whose clients
report each call, and each URL that they sign, under the name of the process. A test opens recorded clients for a store
or a handler that it builds itself. The clients that a test uses for its own requests are not recorded.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any

import pytest
from botocore.model import Shape

from tests.declared_permissions import OPERATOR, SERVICE, WORKER, Call, is_declared
from tests.service_model import violations
from transcode.aws import Aws, OpenClient, client_opener
from transcode.permissions import Resource
from transcode.settings import Settings

PROCESS_OF_MODULE = {
    "service.resources": SERVICE,
    "worker.__main__": WORKER,
    "worker.lambda_runtime": WORKER,
    "worker.reconcile.runner": WORKER,
    "worker.redrive.command": OPERATOR,
    "worker.webhooks.command": OPERATOR,
    "worker.audit.command": OPERATOR,
    "worker.backfill.command": OPERATOR,
}
"""The modules that call `aws_of`, and the process that each of them belongs to."""

ACTION_OF_OPERATION = {
    "dynamodb:TransactWriteItems": "dynamodb:UpdateItem",  # all of our transactions consist of updates
    "s3:HeadBucket": "s3:ListBucket",
    "s3:HeadObject": "s3:GetObject",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CreateBucket": "s3:PutObject",  # botocore reports a presigned form, whose policy it signs, as CreateBucket
    "s3:ListParts": "s3:ListMultipartUploadParts",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "s3:DeleteObject": "s3:DeleteObjectVersion",  # all of our deletions name a version
    "s3:DeleteObjects": "s3:DeleteObjectVersion",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
"""The operations whose IAM action has another name.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

RESOURCE_OF_NAME_PART = {
    "-InputFileTable": Resource.INPUT_FILE_TABLE,
    "-StatusTable": Resource.STATUS_TABLE,
    "-OutputTable": Resource.OUTPUT_TABLE,
    "-uploadsdeadletterqueue": Resource.UPLOADS_DEAD_LETTER_QUEUE,
    "-submissiondeadletterqueue": Resource.SUBMISSION_DEAD_LETTER_QUEUE,
    "-jobeventsdeadletterqueue": Resource.JOB_EVENTS_DEAD_LETTER_QUEUE,
    **{f"-webhook{slot}deadletterqueue": Resource[f"WEBHOOK_{slot}_DEAD_LETTER_QUEUE"] for slot in (1, 2, 3)},
    **{f"-webhook{slot}queue": Resource[f"WEBHOOK_{slot}_QUEUE"] for slot in (1, 2, 3)},
    "-uploadsqueue": Resource.UPLOADS_QUEUE,
    "-submissionqueue": Resource.SUBMISSION_QUEUE,
    "-jobeventsqueue": Resource.JOB_EVENTS_QUEUE,
}
"""Parts of the names that CloudFormation, or a test, gives to the tables and queues of a pipeline."""

RESOURCE_OF_PARAMETER = {"DistributionId": Resource.DISTRIBUTION, "Entries": Resource.EVENT_BUS}
"""Parameters of calls that name the only resource of their kind."""

Report = Callable[[str, Mapping[str, Any], Shape | None], None]


def recorded(open_client: OpenClient, report: Report) -> OpenClient:
    """Return a function that opens clients which report each operation, with its parameters."""

    async def open_recorded(
        service: str, options: Mapping[str, Any], *, region: str, endpoint_url: str | None
    ) -> object:
        client: Any = await open_client(service, options, region=region, endpoint_url=endpoint_url)

        def report_call(params: Mapping[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 -- botocore's
            report(f"{service}:{model.name}", params, model.input_shape)

        client.meta.events.register("provide-client-params.*.*", report_call)
        return client

    return open_recorded


class AwsCallRecorder:
    """Opens recorded clients, and keeps the calls that their processes don't declare or that AWS's model refuses."""

    def __init__(self, save: Callable[[Call], None]) -> None:
        """`save` gets each call when it is made for the first time."""
        self._undeclared: list[str] = []
        self._calls: set[Call] = set()
        self._save = save

    @asynccontextmanager
    async def open_aws(
        self, process: str, *, region: str, endpoint_url: str | None = None, in_threads: bool = False
    ) -> AsyncIterator[Aws]:
        """Open clients as `transcode.aws.open_aws` does, and record their calls for the process."""
        async with AsyncExitStack() as stack:
            report = partial(self._record_operation, process)
            open_client = recorded(client_opener(stack, in_threads=in_threads), report)
            yield Aws(open_client, region=region, endpoint_url=endpoint_url)

    def _aws_of(
        self, process: str, settings: Settings, *, in_threads: bool = False
    ) -> AbstractAsyncContextManager[Aws]:
        return self.open_aws(
            process, region=settings.aws_region, endpoint_url=settings.aws_endpoint_url, in_threads=in_threads
        )

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Record the calls of each process that a test starts inside its own process."""
        for module, process in PROCESS_OF_MODULE.items():
            patch.setattr(import_module(module), "aws_of", partial(self._aws_of, process))

    def take_undeclared(self) -> list[str]:
        """Return the undeclared and the invalid calls since the last call of this method."""
        taken, self._undeclared = self._undeclared, []
        return taken

    def _record_operation(
        self, process: str, operation: str, params: Mapping[str, Any], shape: Shape | None = None
    ) -> None:
        if shape is not None:
            self._undeclared += [f"{process} called {operation}: {each}" for each in violations(shape, params)]
        action = ACTION_OF_OPERATION.get(operation, operation)
        for resource in _resources(action, params) or (None,):
            self._record(Call(process=process, action=action, resource=resource))

    def _record(self, call: Call) -> None:
        if not is_declared(call):
            self._undeclared.append(f"{call.process} called {call.action} on {call.resource or 'an unknown resource'}")
        if call not in self._calls:
            self._calls.add(call)
            self._save(call)


def _resources(action: str, params: Mapping[str, Any]) -> list[Resource]:
    match params:
        case {"IndexName": index}:
            return [{"OpenJobs": Resource.OPEN_JOBS_INDEX, "UploadsByCaller": Resource.UPLOADS_INDEX}[index]]
        case {"RequestItems": items}:
            return [each for name in items for each in _named(str(name))]
        case {"TransactItems": items}:
            return [each for item in items for each in _named(str(item["Update"]["TableName"]))]
        case {"TableName": name} | {"QueueUrl": name} | {"QueueName": name} | {"SourceArn": name}:
            return _named(str(name))
        case {"Bucket": bucket}:
            objects, itself = (
                (Resource.OUTPUTS, Resource.OUTPUT_BUCKET)
                if "output" in str(bucket)
                else (Resource.UPLOADS, Resource.INPUT_BUCKET)
            )
            return [itself if action.startswith("s3:ListBucket") else objects]
        case {"SecretId": secret}:
            return _secret(str(secret))
        case _ if action.startswith("mediaconvert:"):
            return _of_mediaconvert(action, params)
        case _:
            return [RESOURCE_OF_PARAMETER[name] for name in params if name in RESOURCE_OF_PARAMETER]


def _secret(name: str) -> list[Resource]:
    signing = {f"webhook-{slot}": Resource[f"SIGNING_OF_WEBHOOK_{slot}"] for slot in (1, 2, 3)}
    return [resource for part, resource in signing.items() if part in name] or [Resource.PLAYBACK_KEY]


def _named(name: str) -> list[Resource]:
    return [resource for part, resource in RESOURCE_OF_NAME_PART.items() if part.lower() in name.lower()][:1]


def _of_mediaconvert(action: str, params: Mapping[str, Any]) -> list[Resource]:
    if action in {"mediaconvert:CancelJob", "mediaconvert:GetJob"}:
        return [Resource.MEDIACONVERT_JOBS]
    if action == "mediaconvert:Probe":
        return [Resource.ANY]
    if action == "mediaconvert:GetQueue":
        return [Resource.MEDIACONVERT_QUEUE]
    if action == "mediaconvert:GetJobTemplate":
        return [Resource.MEDIACONVERT_JOB_TEMPLATES]
    return [Resource.MEDIACONVERT_QUEUE] if "Queue" in params else []
