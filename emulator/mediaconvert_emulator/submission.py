"""Turns a CreateJob request into a job: template, queue, metadata, settings. Pure."""

import re
from dataclasses import dataclass, field

from mediaconvert_emulator.errors import BadRequestException, NotFoundException
from mediaconvert_emulator.hops import parse_hops
from mediaconvert_emulator.job import Job, new_job_id
from mediaconvert_emulator.job_settings_check import check_settings, parse_used_settings
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.merge import merge_settings
from mediaconvert_emulator.presets import expand_presets
from mediaconvert_emulator.request_validation import check_types
from mediaconvert_emulator.reserved_queue_rules import check_reserved_queue
from mediaconvert_emulator.rules import Kind

MAX_METADATA_PAIRS = 10
MAX_METADATA_KEY_LENGTH = 128
MAX_METADATA_VALUE_LENGTH = 256
METADATA_TEXT = re.compile(r"[A-Za-z0-9 _.:/=+\-@]*")
MAX_TOKEN_LENGTH = 64
DEFAULT_INTERVAL = "SECONDS_60"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountResources:
    """The account's resources that a request may name, or that decide on it."""

    templates: dict[str, JsonObject]
    """By name; so are the presets."""
    queues: tuple[str, ...]
    """The names of the queues; the first one is the default."""
    presets: dict[str, JsonObject] = field(default_factory=dict)
    reserved_queues: frozenset[str] = frozenset()
    policy: JsonObject = field(default_factory=dict)
    is_strict: bool = False
    """Refuse settings that have no effect."""

    def find_template(self, name_or_arn: str) -> JsonObject | None:
        """Return the template, or None if it doesn't exist."""
        return self.templates.get(_name_without_arn(name_or_arn, "jobTemplates"))

    def find_queue(self, name_or_arn: str) -> str | None:
        """Return the queue's name, or None if the queue doesn't exist."""
        name = _name_without_arn(name_or_arn, "queues")
        return name if name in self.queues else None


def job_from_request(body: JsonObject, resources: AccountResources, now_ms: int) -> Job:
    """Return a new job for a CreateJob request.

    Raises:
        BadRequestException: The request is invalid, or needs a feature that is not emulated.
        NotFoundException: The request's template or queue doesn't exist.
    """
    check_types("CreateJob", body)
    _check_members(body)
    template = _requested_template(body, resources)
    settings = merge_settings(template.get("settings", {}), body["settings"])
    queue = _requested_queue(body, template, resources)
    hop_items = body.get("hopDestinations") or template.get("hopDestinations") or []
    hops = parse_hops(hop_items, queue=queue, find_queue=resources.find_queue)
    expanded, used_presets = expand_presets(settings, resources.presets)
    check_settings("CreateJob", body | {"settings": settings}, Kind.JOB, settings=expanded)
    if queue in resources.reserved_queues:
        check_reserved_queue(expanded, (body.get("accelerationSettings") or {}).get("mode") or "DISABLED")
    spec, unused = parse_used_settings(expanded, is_strict=resources.is_strict, reads=used_presets)
    if resources.policy.get("s3Inputs") == "DISALLOWED":
        raise BadRequestException("/inputs/0/fileInput: Your account's policy doesn't allow inputs from S3")
    interval = body.get("statusUpdateInterval") or template.get("statusUpdateInterval") or DEFAULT_INTERVAL
    priority = body.get("priority")
    return Job(
        id=new_job_id(now_ms),
        request=body,
        settings=settings,
        used_settings=expanded,
        spec=spec,
        unused_settings=unused,
        hops=hops,
        queue=queue,
        priority=template.get("priority", 0) if priority is None else priority,
        status_update_interval_s=int(interval.removeprefix("SECONDS_")),
        submitted_ms=now_ms,
    )


def _check_members(body: JsonObject) -> None:
    """Check the members of a request besides its settings, its template and its queue."""
    check_metadata(body.get("userMetadata") or {})
    if not re.match(r"arn:[\w-]+:iam::", body["role"]):
        raise BadRequestException("/role: Should be the ARN of an IAM role")
    if len(body.get("clientRequestToken") or "") > MAX_TOKEN_LENGTH:
        raise BadRequestException(f"/clientRequestToken: Should have at most {MAX_TOKEN_LENGTH} characters")
    if body.get("jobEngineVersion"):
        raise BadRequestException("/jobEngineVersion: The emulator has no versions of AWS's job engine")


def _requested_queue(body: JsonObject, template: JsonObject, resources: AccountResources) -> str:
    name = body.get("queue") or template.get("queue") or resources.queues[0]
    queue = resources.find_queue(name)
    if queue is None:
        raise NotFoundException(f"/queue: No queue {name!r}")
    return queue


def check_metadata(metadata: dict[str, str]) -> None:
    """Check that MediaConvert would accept `metadata`. Its character set allows ids, but not all file names.

    Raises:
        BadRequestException: There are too many pairs, or a text is too long or has an invalid character.
    """
    if len(metadata) > MAX_METADATA_PAIRS:
        raise BadRequestException(f"/userMetadata: Should have a maximum of {MAX_METADATA_PAIRS} pairs")
    for key, value in metadata.items():
        for text, max_length in ((key, MAX_METADATA_KEY_LENGTH), (value, MAX_METADATA_VALUE_LENGTH)):
            if len(text) > max_length or not METADATA_TEXT.fullmatch(text):
                raise BadRequestException(
                    f"/userMetadata/{key}: Should be letters, digits, spaces and _.:/=+-@, at most {max_length}"
                )


def _requested_template(body: JsonObject, resources: AccountResources) -> JsonObject:
    name = body.get("jobTemplate")
    if not name:
        return {}
    template = resources.find_template(name)
    if template is None:
        raise NotFoundException(f"/jobTemplate: No job template {name!r}")
    return template


def _name_without_arn(name_or_arn: str, kind: str) -> str:
    return name_or_arn.rpartition(f":{kind}/")[2] if name_or_arn.startswith("arn:") else name_or_arn
