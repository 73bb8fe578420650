"""What a store or client asks of AWS, said beside the code that asks it.

Pure. infra/permissions.yaml grants exactly these: a test compares the two, and others watch every call that is made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Resource(StrEnum):
    """What an action may touch: the last part of an ARN, with the names of the stacks' exports in it."""

    INPUT_FILE_TABLE = "table/${InputFileTable}"
    STATUS_TABLE = "table/${StatusTable}"
    OUTPUT_TABLE = "table/${OutputTable}"
    """The table with the keys: the worker's alone."""
    INPUT_BUCKET = "${InputBucket}"
    UPLOADS = "${InputBucket}/${UploadPrefix}*"
    """Objects under the upload prefix; their keys are made when an upload begins."""
    OUTPUT_BUCKET = "${OutputBucket}"
    OUTPUTS = "${OutputBucket}/${UploadPrefix}*"
    """What jobs write: a job's folder begins with its input file's key."""
    UPLOADS_QUEUE = "${UploadsQueueArn}"
    JOB_EVENTS_QUEUE = "${JobEventsQueueArn}"
    UPLOADS_DEAD_LETTER_QUEUE = "${UploadsDeadLetterQueueArn}"
    JOB_EVENTS_DEAD_LETTER_QUEUE = "${JobEventsDeadLetterQueueArn}"
    MEDIACONVERT_JOBS = "jobs/*"
    """Every job of the account and region: MediaConvert makes up their ids."""
    MEDIACONVERT_QUEUE = "${MediaConvertQueueArn}"
    MEDIACONVERT_JOB_TEMPLATE = "${MediaConvertJobTemplateArn}"
    MEDIACONVERT_ROLE = "${MediaConvertRoleArn}"
    """To be passed to MediaConvert only."""
    PLAYBACK_KEY = "${PlaybackPrivateKeySecretArn}"
    """The secret that signs playback's cookies, where there is one."""


QUEUES = (Resource.UPLOADS_QUEUE, Resource.JOB_EVENTS_QUEUE)
DEAD_LETTER_QUEUES = (Resource.UPLOADS_DEAD_LETTER_QUEUE, Resource.JOB_EVENTS_DEAD_LETTER_QUEUE)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Permission:
    """One IAM action on one resource."""

    action: str
    resource: Resource


Permissions = frozenset[Permission]


def allow(*actions: str, on: Iterable[Resource]) -> Permissions:
    """Return the permissions for each of the actions on each of the resources.

    >>> sorted(each.action for each in allow("s3:GetObject", "s3:PutObject", on=[Resource.OUTPUTS]))
    ['s3:GetObject', 's3:PutObject']
    """
    return frozenset(Permission(action=action, resource=resource) for resource in on for action in actions)
