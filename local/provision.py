"""Deploys the pipeline's template at an AWS endpoint, and returns the settings that the processes need.

The template is the only description of the resources, also for properties that an emulator ignores (emulator_gaps.py).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import aioboto3
from botocore.exceptions import BotoCoreError, ClientError

from local import cloudformation_template as templates
from local.embedded_aws import ROOT
from local.emulator_gaps import apply_ignored_properties

if TYPE_CHECKING:  # stubs, which only development installs
    from types_aiobotocore_cloudformation import CloudFormationClient
    from types_aiobotocore_cloudformation.type_defs import ParameterTypeDef, StackTypeDef

STACK_NAME = "mediaconvert-status"
LOCAL_EVENT_SOURCE = "local.mediaconvert"
"""Source of the emulator's job events: MiniStack, like AWS, refuses PutEvents with a source `aws.*`."""
LOCAL_PARAMETERS = {"RequireTls": "false", "MediaConvertEventSource": LOCAL_EVENT_SOURCE}
"""The template's parameters that differ on one machine: plain HTTP, and an emulated MediaConvert."""

_MAX_POLL_S = 2.0


class ProvisionError(Exception):
    """The stack could not be created or updated; the message is CloudFormation's first reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A deployed pipeline: the names of its resources, as in its processes' settings."""

    endpoint_url: str
    input_bucket: str
    output_bucket: str
    upload_prefix: str
    input_file_table: str
    output_table: str
    status_table: str
    uploads_queue_url: str
    uploads_dead_letter_queue_url: str
    submission_queue_url: str
    submission_dead_letter_queue_url: str
    job_events_queue_url: str
    job_events_dead_letter_queue_url: str
    webhook_1_queue_url: str
    webhook_1_dead_letter_queue_url: str
    webhook_2_queue_url: str
    webhook_2_dead_letter_queue_url: str
    webhook_3_queue_url: str
    webhook_3_dead_letter_queue_url: str

    @classmethod
    def of(cls, *, endpoint_url: str, environment: Mapping[str, str]) -> Stack:
        """Return the stack for the settings that `deploy` returned."""
        names = {field.name for field in fields(cls)} - {"endpoint_url"}
        return cls(endpoint_url=endpoint_url, **{name: environment[name.upper()] for name in names})


def pipeline_template() -> str:
    """Return the CloudFormation template of the pipeline."""
    return (ROOT / "infra" / "pipeline.yaml").read_text(encoding="utf-8")


PROFILES = {
    "hls": "job_template.json",
    "hls-download": "job_template_hls_download.json",
    "audio": "job_template_audio.json",
}
"""The files in infra/ with the job templates, by profile; the first one is the default."""


def job_template(profile: str = "hls") -> Mapping[str, Any]:
    """Return the MediaConvert job template of the profile, as the request of CreateJobTemplate."""
    request: Mapping[str, Any] = json.loads((ROOT / "infra" / PROFILES[profile]).read_text(encoding="utf-8"))
    return request


async def provision(
    *,
    endpoint_url: str | None,
    mediaconvert_endpoint_url: str | None,
    stack_name: str = STACK_NAME,
    parameters: Mapping[str, str] = LOCAL_PARAMETERS,
) -> dict[str, str]:
    """Deploy the pipeline, and the job templates if there is a MediaConvert URL; return the settings of both.

    Raises:
        ProvisionError: the stack or a job template failed.
    """
    settings = await deploy(
        pipeline_template(), endpoint_url=endpoint_url, stack_name=stack_name, parameters=parameters
    )
    if mediaconvert_endpoint_url:
        settings["MEDIACONVERT_JOB_TEMPLATES"] = json.dumps(
            {
                profile: await put_job_template(job_template(profile), endpoint_url=mediaconvert_endpoint_url)
                for profile in PROFILES
            }
        )
    return settings


async def deploy(
    template: str,
    *,
    endpoint_url: str | None,
    stack_name: str = STACK_NAME,
    parameters: Mapping[str, str] = LOCAL_PARAMETERS,
    deadline_s: float = 300,
) -> dict[str, str]:
    """Create or update the stack, and return its outputs as settings (`INPUT_BUCKET` and so on).

    Safe to repeat. A stack whose creation failed holds no resources; it is deleted and created again.

    Args:
        template: the text of a CloudFormation template.
        endpoint_url: an emulator's URL, or None for AWS itself.
        stack_name: the stack's name; CloudFormation derives the names of unnamed resources from it.
        parameters: values of the template's parameters; the others have their defaults.
        deadline_s: time limit for the stack and all its settings.

    Raises:
        ProvisionError: the stack failed (with its first reason), or was not ready within the deadline.
    """
    session = aioboto3.Session()
    try:
        async with asyncio.timeout(deadline_s), session.client("cloudformation", endpoint_url=endpoint_url) as client:
            await _start(client, stack_name, template, parameters)
            outputs = await _outputs_when_settled(client, stack_name)
            physical_ids = await _physical_ids(client, stack_name)
            await apply_ignored_properties(session, endpoint_url, templates.parse(template), physical_ids)
    except TimeoutError as error:
        raise ProvisionError(f"stack {stack_name} was not ready within {deadline_s:g} s") from error
    except BotoCoreError as error:  # the endpoint can't be reached, or there are no credentials
        raise ProvisionError(f"stack {stack_name}: {error}") from error
    return {templates.environment_name(name): value for name, value in outputs.items()}


async def put_job_template(request: Mapping[str, Any], *, endpoint_url: str) -> str:
    """Create or update the MediaConvert job template, and return its name.

    Args:
        request: the request of CreateJobTemplate.
        endpoint_url: the URL of MediaConvert or its emulator.

    Raises:
        ProvisionError: MediaConvert refused the template.
    """
    async with aioboto3.Session().client("mediaconvert", endpoint_url=endpoint_url) as client:
        try:
            try:
                await client.create_job_template(**request)
            except client.exceptions.ConflictException:  # a template of this name exists
                await client.update_job_template(**{k: v for k, v in request.items() if k != "Tags"})
        except (ClientError, BotoCoreError) as error:
            raise ProvisionError(f"job template {request['Name']}: {error}") from error
    return str(request["Name"])


async def _start(client: CloudFormationClient, stack_name: str, template: str, parameters: Mapping[str, str]) -> None:
    """Start creating or updating the stack; do nothing if it already matches the template."""
    listed: list[ParameterTypeDef] = [{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()]
    stack = await _describe(client, stack_name)
    if stack is not None and stack["StackStatus"] in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}:
        await client.delete_stack(StackName=stack_name)
        stack = await _settled(client, stack_name)
    try:
        if stack is None or stack["StackStatus"] == "DELETE_COMPLETE":
            await client.create_stack(StackName=stack_name, TemplateBody=template, Parameters=listed)
        else:
            await client.update_stack(StackName=stack_name, TemplateBody=template, Parameters=listed)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise ProvisionError(f"stack {stack_name}: {error}") from error


async def _outputs_when_settled(client: CloudFormationClient, stack_name: str) -> dict[str, str]:
    stack = await _settled(client, stack_name)
    if stack is None or stack["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
        status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
        raise ProvisionError(f"stack {stack_name} ended as {status}: {await _first_failure(client, stack_name)}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


async def _settled(client: CloudFormationClient, stack_name: str) -> StackTypeDef | None:
    """Wait until no operation is in progress, and return the stack, or None if it doesn't exist."""
    pause_s = 0.05
    while (stack := await _describe(client, stack_name)) and stack["StackStatus"].endswith("_IN_PROGRESS"):
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _MAX_POLL_S)
    return stack


async def _describe(client: CloudFormationClient, stack_name: str) -> StackTypeDef | None:
    try:
        return (await client.describe_stacks(StackName=stack_name))["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


async def _first_failure(client: CloudFormationClient, stack_name: str) -> str:
    """Return the reason of the oldest failure, which caused the others; CloudFormation lists the newest event first."""
    events = (await client.describe_stack_events(StackName=stack_name))["StackEvents"]
    failures = [event for event in events if event.get("ResourceStatus", "").endswith("_FAILED")]
    if not failures:
        return "CloudFormation gave no reason"
    first = failures[-1]
    return f"{first.get('LogicalResourceId')}: {first.get('ResourceStatusReason', 'CloudFormation gave no reason')}"


async def _physical_ids(client: CloudFormationClient, stack_name: str) -> dict[str, str]:
    resources = (await client.describe_stack_resources(StackName=stack_name))["StackResources"]
    return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
