"""From a CreateJob request to a job: template, queue, metadata, settings. Pure."""

import re
from dataclasses import dataclass

from mediaconvert_emulator.errors import BadRequestException, NotFoundException
from mediaconvert_emulator.events import Names
from mediaconvert_emulator.job import Job, new_job_id
from mediaconvert_emulator.overlay import JsonObject, overlay
from mediaconvert_emulator.parse import parse_settings
from mediaconvert_emulator.shapes import check_request

MAX_METADATA_PAIRS = 10
MAX_METADATA_KEY = 128
MAX_METADATA_VALUE = 256
METADATA_TEXT = re.compile(r"[A-Za-z0-9 _.:/=+\-@]*")
MAX_TOKEN = 64
DEFAULT_INTERVAL = "SECONDS_60"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What a request may name: templates by name, queues."""

    templates: dict[str, JsonObject]
    queues: tuple[str, ...]
    names: Names

    def template(self, name_or_arn: str) -> JsonObject | None:
        """The template, if there is one."""
        return self.templates.get(_bare_name(name_or_arn, "jobTemplates"))

    def queue(self, name_or_arn: str) -> str | None:
        """The queue's name, if there is one."""
        name = _bare_name(name_or_arn, "queues")
        return name if name in self.queues else None


def job_of_request(body: JsonObject, shelf: Shelf, now_ms: int) -> Job:
    """The job that a CreateJob request asks for.

    Raises:
        BadRequestException: the request is invalid, or asks for what isn't emulated.
        NotFoundException: it names a template or a queue that isn't there.
    """
    check_request("CreateJob", body)
    check_metadata(body.get("userMetadata") or {})
    if not re.match(r"arn:[\w-]+:iam::", body["role"]):
        raise BadRequestException("/role: Should be the ARN of an IAM role")
    if len(body.get("clientRequestToken") or "") > MAX_TOKEN:
        raise BadRequestException(f"/clientRequestToken: Should have a length maximum of {MAX_TOKEN}")
    template = _template(body, shelf)
    settings = overlay(template.get("settings", {}), body["settings"])
    interval = body.get("statusUpdateInterval") or template.get("statusUpdateInterval") or DEFAULT_INTERVAL
    queue_name = body.get("queue") or template.get("queue") or shelf.queues[0]
    queue = shelf.queue(queue_name)
    if queue is None:
        raise NotFoundException(f"/queue: No queue {queue_name!r}")
    priority = body.get("priority")
    return Job(
        id=new_job_id(now_ms),
        request=body,
        settings=settings,
        spec=parse_settings(settings),
        queue=queue,
        priority=template.get("priority", 0) if priority is None else priority,
        status_update_interval_s=int(interval.removeprefix("SECONDS_")),
        submitted_ms=now_ms,
    )


def check_metadata(metadata: dict[str, str]) -> None:
    """Return when `metadata` is what MediaConvert takes: ids, not file names.

    Raises:
        BadRequestException: too many pairs, or too long, or other characters.
    """
    if len(metadata) > MAX_METADATA_PAIRS:
        raise BadRequestException(f"/userMetadata: Should have a maximum of {MAX_METADATA_PAIRS} pairs")
    for key, value in metadata.items():
        for text, longest in ((key, MAX_METADATA_KEY), (value, MAX_METADATA_VALUE)):
            if len(text) > longest or not METADATA_TEXT.fullmatch(text):
                raise BadRequestException(
                    f"/userMetadata/{key}: Should be letters, digits, spaces and _.:/=+-@, at most {longest}"
                )


def _template(body: JsonObject, shelf: Shelf) -> JsonObject:
    name = body.get("jobTemplate")
    if not name:
        return {}
    template = shelf.template(name)
    if template is None:
        raise NotFoundException(f"/jobTemplate: No job template {name!r}")
    return template


def _bare_name(name_or_arn: str, kind: str) -> str:
    return name_or_arn.rpartition(f":{kind}/")[2] if name_or_arn.startswith("arn:") else name_or_arn
