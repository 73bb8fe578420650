"""The AWS permissions of stores and clients. Each module declares its own, beside the code that makes the calls.

Pure. infra/permissions.yaml grants exactly these: one test compares the two, and other tests check every call made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Resource(StrEnum):
    """The resource of an action: the last part of an ARN, with the names of the stacks' exports in it."""

    INPUT_FILE_TABLE = "table/${InputFileTable}"
    UPLOADS_INDEX = "table/${InputFileTable}/index/UploadsByCaller"
    """The index of each caller's uploads. Only the service reads it; each write of a row maintains it."""
    STATUS_TABLE = "table/${StatusTable}"
    OPEN_JOBS_INDEX = "table/${StatusTable}/index/OpenJobs"
    """The index of the jobs that are not over. Only the worker reads it; each write of a row maintains it."""
    OUTPUT_TABLE = "table/${OutputTable}"
    """The table with the encryption keys. Only the worker may access it."""
    INPUT_BUCKET = "${InputBucket}"
    UPLOADS = "${InputBucket}/${UploadPrefix}*"
    """Objects under the upload prefix. The service chooses their keys when an upload begins."""
    OUTPUT_BUCKET = "${OutputBucket}"
    OUTPUTS = "${OutputBucket}/${UploadPrefix}*"
    """The jobs' outputs. The name of a job's folder begins with its input file's key."""
    UPLOADS_QUEUE = "${UploadsQueueArn}"
    SUBMISSION_QUEUE = "${SubmissionQueueArn}"
    JOB_EVENTS_QUEUE = "${JobEventsQueueArn}"
    UPLOADS_DEAD_LETTER_QUEUE = "${UploadsDeadLetterQueueArn}"
    SUBMISSION_DEAD_LETTER_QUEUE = "${SubmissionDeadLetterQueueArn}"
    JOB_EVENTS_DEAD_LETTER_QUEUE = "${JobEventsDeadLetterQueueArn}"
    WEBHOOK_1_QUEUE = "${Webhook1QueueArn}"
    WEBHOOK_2_QUEUE = "${Webhook2QueueArn}"
    WEBHOOK_3_QUEUE = "${Webhook3QueueArn}"
    """The queue of each endpoint of webhooks."""
    WEBHOOK_1_DEAD_LETTER_QUEUE = "${Webhook1DeadLetterQueueArn}"
    WEBHOOK_2_DEAD_LETTER_QUEUE = "${Webhook2DeadLetterQueueArn}"
    WEBHOOK_3_DEAD_LETTER_QUEUE = "${Webhook3DeadLetterQueueArn}"
    SIGNING_OF_WEBHOOK_1 = "${Webhook1SecretArn}"
    SIGNING_OF_WEBHOOK_2 = "${Webhook2SecretArn}"
    SIGNING_OF_WEBHOOK_3 = "${Webhook3SecretArn}"
    """The secret that signs an endpoint's webhooks, if the deployment keeps it in Secrets Manager."""
    MEDIACONVERT_JOBS = "jobs/*"
    """Every job of the account and region, because MediaConvert chooses the ids."""
    MEDIACONVERT_QUEUE = "${MediaConvertQueueArn}"
    MEDIACONVERT_JOB_TEMPLATES = "${MediaConvertJobTemplateArns}"
    """The job templates of all profiles."""
    MEDIACONVERT_ROLE = "${MediaConvertRoleArn}"
    """The role that may be passed to MediaConvert, and to no other service."""
    DISTRIBUTION = "distribution/${DistributionId}"
    """The CloudFront distribution that serves the videos, if the deployment has one."""
    ANY = "*"
    """For an action that has no resource of its own, such as mediaconvert:Probe."""
    EVENT_BUS = "${AnnounceEventBusArn}"
    """The bus on which the worker announces jobs, if the deployment has one."""
    PLAYBACK_KEY = "${PlaybackPrivateKeySecretArn}"
    """The secret that signs the playback cookies, if the deployment has one."""


QUEUES = (Resource.UPLOADS_QUEUE, Resource.SUBMISSION_QUEUE, Resource.JOB_EVENTS_QUEUE)
DEAD_LETTER_QUEUES = (
    Resource.UPLOADS_DEAD_LETTER_QUEUE,
    Resource.SUBMISSION_DEAD_LETTER_QUEUE,
    Resource.JOB_EVENTS_DEAD_LETTER_QUEUE,
)
WEBHOOK_DEAD_LETTER_QUEUES = (
    Resource.WEBHOOK_1_DEAD_LETTER_QUEUE,
    Resource.WEBHOOK_2_DEAD_LETTER_QUEUE,
    Resource.WEBHOOK_3_DEAD_LETTER_QUEUE,
)
WEBHOOK_QUEUES = (Resource.WEBHOOK_1_QUEUE, Resource.WEBHOOK_2_QUEUE, Resource.WEBHOOK_3_QUEUE)
WEBHOOK_SECRETS = (Resource.SIGNING_OF_WEBHOOK_1, Resource.SIGNING_OF_WEBHOOK_2, Resource.SIGNING_OF_WEBHOOK_3)
ALL_QUEUES = (*QUEUES, *WEBHOOK_QUEUES)
ALL_DEAD_LETTER_QUEUES = (*DEAD_LETTER_QUEUES, *WEBHOOK_DEAD_LETTER_QUEUES)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Permission:
    """One IAM action on one resource."""

    action: str
    resource: Resource


Permissions = frozenset[Permission]


def allow(*actions: str, on: Iterable[Resource]) -> Permissions:
    """Return the permissions for each action on each resource.

    >>> sorted(each.action for each in allow("s3:GetObject", "s3:PutObject", on=[Resource.OUTPUTS]))
    ['s3:GetObject', 's3:PutObject']
    """
    return frozenset(Permission(action=action, resource=resource) for resource in on for action in actions)
