"""The CreateJob call for one upload: the template's settings with our input, destination and encryption in them.

Pure. The template is read and sent back whole rather than overridden by position, because how MediaConvert lays
partial output groups over a template's is nowhere promised: see docs/adr/0003-complete-settings.md.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from transcode.correlation import Correlation
from worker.claim import Claim, Destination
from worker.messages.parser import INPUT_BUCKET_KEY
from worker.submission.output_names import base_name, key_uri

CLAIM_KEY = "Claim"
"""The user metadata that says which claim a job was made for."""

GROUP_SETTINGS = {
    "HLS_GROUP_SETTINGS": "HlsGroupSettings",
    "CMAF_GROUP_SETTINGS": "CmafGroupSettings",
    "DASH_ISO_GROUP_SETTINGS": "DashIsoGroupSettings",
    "FILE_GROUP_SETTINGS": "FileGroupSettings",
    "MS_SMOOTH_GROUP_SETTINGS": "MsSmoothGroupSettings",
}


class UnusableTemplateError(ValueError):
    """The job template has no HLS output group, so there is nothing to encrypt and play."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDefaults:
    """What every job of this deployment has in common."""

    input_bucket: str
    output_bucket: str
    role: str
    template: str
    queue: str | None
    status_update_interval_s: int


def job_request(
    claim: Claim, template_settings: Mapping[str, Any], defaults: JobDefaults, correlation: Correlation | None = None
) -> dict[str, Any]:
    """Return the arguments for CreateJob.

    The claim's id is the request token, by which MediaConvert itself drops a second call within a minute, and goes
    into the user metadata, by which the job is found again later. File names go nowhere but the input's address:
    user metadata allows few characters and comes back in every event. The ids of the correlation do.
    """
    request: dict[str, Any] = {
        "ClientRequestToken": claim.claim_id,
        "JobTemplate": defaults.template,
        "Role": defaults.role,
        "Settings": _settings(claim.destination, template_settings, defaults),
        "StatusUpdateInterval": f"SECONDS_{defaults.status_update_interval_s}",
        "UserMetadata": {
            **(correlation.as_user_metadata() if correlation else {}),
            INPUT_BUCKET_KEY: defaults.input_bucket,
            CLAIM_KEY: claim.claim_id,
        },
    }
    if defaults.queue:
        request["Queue"] = defaults.queue
    return request


def of_queue(queue: str | None) -> dict[str, str]:
    """Return the arguments with which ListJobs and SearchJobs look at one queue, of this name or ARN, only.

    Their permission is then one on that queue; without a queue they would need one on every job of the account.

    >>> of_queue("arn:aws:mediaconvert:eu-west-1:111122223333:queues/videos")
    {'Queue': 'videos'}
    """
    return {"Queue": queue.rpartition("/")[2]} if queue else {}


def input_uri(input_bucket: str, input_file: str) -> str:
    """Return the address by which MediaConvert reads the input; the key stands in it as it is, never encoded."""
    return f"s3://{input_bucket}/{input_file}"


def _settings(destination: Destination, template: Mapping[str, Any], defaults: JobDefaults) -> dict[str, Any]:
    settings = deepcopy(dict(template))
    first_input = (settings.get("Inputs") or [{}])[0]
    settings["Inputs"] = [{**first_input, "FileInput": input_uri(defaults.input_bucket, destination.input_file)}]
    groups = settings.get("OutputGroups", [])
    main = next((at for at, group in enumerate(groups) if _kind(group) == "HLS_GROUP_SETTINGS"), None)
    if main is None:
        raise UnusableTemplateError(f"job template {defaults.template} has no HLS output group")
    for at, group in enumerate(groups):
        # Groups must not write over each other: the first HLS group has the folder, each other a folder in it.
        _direct(group, destination, defaults.output_bucket, subfolder="" if at == main else f"{at}/")
    return settings


def _kind(group: Mapping[str, Any]) -> str:
    return str(group.get("OutputGroupSettings", {}).get("Type", ""))


def _direct(group: Mapping[str, Any], destination: Destination, bucket: str, *, subfolder: str) -> None:
    """Let the group write to the job's folder, and encrypt if it is HLS."""
    kind = _kind(group)
    if kind not in GROUP_SETTINGS:
        return
    own = group["OutputGroupSettings"].setdefault(GROUP_SETTINGS[kind], {})
    own["Destination"] = f"s3://{bucket}/{destination.output_path}{subfolder}{base_name(destination.input_file)}"
    if kind == "HLS_GROUP_SETTINGS":
        own["Encryption"] = _encryption(destination, up="../" if subfolder else "")


def _encryption(destination: Destination, *, up: str) -> dict[str, Any]:
    return {
        "EncryptionMethod": "AES128",
        "Type": "STATIC_KEY",
        "InitializationVectorInManifest": "EXCLUDE",
        "StaticKeyProvider": {
            "StaticKeyValue": destination.key_value,
            "Url": up + key_uri(destination.key_file),
        },
    }
