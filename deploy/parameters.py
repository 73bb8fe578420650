"""Determines the parameters of each stack. Pure.

A parameter gets the first of these values that exists: a value that the deployment fixes (such as the package's key),
the caller's value, another stack's output of the same name, the stack's current value, a value suggested for the
deployment, the template's default.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from deploy.stacks import Deployed

DEFAULT_DEPLOYMENT = "mediaconvert-status"
TABLES = ("InputFileTable", "OutputTable", "StatusTable")
EXPORTED: Mapping[str, Sequence[str]] = {
    "pipeline": (
        "InputBucketName",
        "OutputBucketName",
        "UploadPrefix",
        "InputFileTableName",
        "OutputTableName",
        "StatusTableName",
        "UploadsQueueName",
        "UploadsDeadLetterQueueName",
        "SubmissionQueueName",
        "SubmissionDeadLetterQueueName",
        "JobEventsQueueName",
        "JobEventsDeadLetterQueueName",
        "WebhookQueuesName",
    )
}
"""Parameters of each stack that determine its exports. CloudFormation can't change an export that a stack imports.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html"""
SETTINGS_OF_BOTH_TARGETS = (
    "PlaybackPrivateKeySecretArn",
    "CorsAllowOrigins",
    "AuthIssuer",
    "AuthAudience",
    "UploadMaxBytes",
    "UploadsPerMinute",
    "UnfinishedBytesPerCaller",
    "RetriesPerUpload",
    "UploadMaxDurationS",
    "Probe",
    "BillableMinutesPerDay",
    "BillableMinutesPerDayAndCaller",
    "PricePerBillableMinuteUsd",
    "FollowJobs",
    "FollowQueues",
    "DistributionId",
    "StatusUpdateIntervalS",
    "StatusTtlS",
    "OutputTtlS",
    "CompleteTtlS",
    "AnnounceEventBusArn",
    "Webhook1Url",
    "Webhook1SecretArn",
    "Webhook1Types",
    "Webhook2Url",
    "Webhook2SecretArn",
    "Webhook2Types",
    "Webhook3Url",
    "Webhook3SecretArn",
    "Webhook3Types",
    "LogLevel",
    "LogRetentionDays",
    "OtlpEndpoint",
)
"""Parameters that mean the same in lambda.yaml and fargate.yaml, and that a change of the target keeps."""
VISIBILITY_FACTOR = 6
"""AWS recommends a visibility timeout of six function timeouts, so that SQS delivers no throttled batch twice.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""


class ParameterError(Exception):
    """A parameter is invalid or missing; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A parameter that a template declares."""

    name: str
    default: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The sources of a stack's parameter values, in their order of precedence."""

    fixed: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    """The outputs of all other stacks of the deployment."""
    previous: Mapping[str, str] = field(default_factory=dict)
    """The current parameters of the stack, if it exists."""
    suggested: Mapping[str, str] = field(default_factory=dict)


def known(
    role: str,
    existing: Mapping[str, Deployed],
    *,
    left: str,
    given: Mapping[str, str],
    fixed: Mapping[str, str],
    suggested: Mapping[str, str],
) -> Known:
    """Return the sources of the parameters of the stack with this role; `existing` are all existing stacks by role.

    `left` is the target that the deployment doesn't use, or no longer uses. Its outputs are no sources, and parameters
    of other stacks that were set from them are set again.
    """
    others = [each for other_role, each in existing.items() if other_role not in {role, left}]
    obsolete = existing[left].outputs if left in existing else {}
    previous = existing[role].parameters if role in existing else {}
    return Known(
        fixed=fixed,
        given=given,
        outputs={name: value for each in others for name, value in each.outputs.items()},
        previous={name: value for name, value in previous.items() if name not in obsolete},
        suggested=suggested,
    )


def fill(declared: Sequence[Declared], known: Known) -> dict[str, str]:
    """Return a value for each declared parameter.

    Raises:
        ParameterError: a parameter has no value.
    """
    sources = (known.fixed, known.given, known.outputs, known.previous, known.suggested)
    values = {
        each.name: next((source[each.name] for source in sources if each.name in source), each.default)
        for each in declared
    }
    if missing := [name for name, value in values.items() if value is None]:
        raise ParameterError(f"no value for {', '.join(missing)}: give one as {missing[0]}=…")
    return {name: value for name, value in values.items() if value is not None}


def read(assignments: Sequence[str]) -> dict[str, str]:
    """Parse `Name=value` assignments; a value may be empty.

    >>> read(["AuthIssuer=https://id.example/?a=b", "CorsAllowOrigins="])
    {'AuthIssuer': 'https://id.example/?a=b', 'CorsAllowOrigins': ''}

    Raises:
        ParameterError: an assignment is malformed, or a name is given twice.
    """
    parsed: dict[str, str] = {}
    for assignment in assignments:
        name, sign, value = assignment.partition("=")
        if not sign or not name.isalnum():
            raise ParameterError(f"{assignment!r} is not Name=value")
        if name in parsed:
            raise ParameterError(f"{name} is given twice")
        parsed[name] = value
    return parsed


def demand_known(given: Mapping[str, str], declared: Collection[str]) -> None:
    """Check that a template of the deployment declares every given parameter.

    Raises:
        ParameterError: no template declares a parameter; the message suggests the most similar name.
    """
    for name in given:
        if name not in declared:
            similar = difflib.get_close_matches(name, declared, n=1)
            hint = f"; {similar[0]}?" if similar else ""
            raise ParameterError(f"no template has a parameter {name}{hint}")


def demand_exports_unchanged(role: str, parameters: Mapping[str, str], existing: Mapping[str, Deployed]) -> None:
    """Check that the stack keeps the parameters that determine its exports, if other stacks import them.

    Raises:
        ParameterError: a value would change; the message names it.
    """
    if role not in existing or not set(existing) - {role, "artifacts"}:
        return
    previous = existing[role].parameters
    for name in EXPORTED.get(role, ()):
        if previous.get(name, parameters[name]) != parameters[name]:
            raise ParameterError(
                f"{name} can't change from {previous[name]!r} to {parameters[name]!r}: other stacks of this deployment "
                "import the value; create a second deployment with another STACK instead"
            )


def kept_settings(target: str, existing: Mapping[str, Deployed], *, left: str) -> dict[str, str]:
    """Return the settings that the stack of a new target takes over from the target that the deployment leaves."""
    if target in existing or left not in existing:
        return {}
    parameters = existing[left].parameters
    return {name: parameters[name] for name in SETTINGS_OF_BOTH_TARGETS if name in parameters}


def visibility_timeout_s(worker_timeout_s: int) -> str:
    """Return the queues' visibility timeout for a Lambda function with this timeout."""
    return str(VISIBILITY_FACTOR * worker_timeout_s)


def table_names(deployment: str, pipeline: Sequence[Declared]) -> dict[str, str]:
    """Return the table names for a deployment: prefixed with its name, or none for the defaults.

    Only the deployment with the default name has the default table names, as they are unique in an account and region.
    """
    defaults = {each.name: each.default for each in pipeline}
    if deployment == DEFAULT_DEPLOYMENT:
        return {}
    return {f"{table}Name": f"{deployment}-{defaults[f'{table}Name']}" for table in TABLES}
