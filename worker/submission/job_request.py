"""The CreateJob request for one upload: the job template's settings, with our input, destination and encryption.

Pure. The request contains all settings of the template instead of overriding some by position, because AWS doesn't
document how MediaConvert merges partial output groups with a template's: see docs/adr/0003-complete-settings.md.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from transcode.correlation import Correlation
from transcode.guarded_files import GUARDED_FOLDER
from transcode.profiles import Profiles
from worker.claim import Claim, Destination
from worker.messages.parser import CLAIM_KEY, INPUT_BUCKET_KEY
from worker.submission.output_names import base_name, key_uri
from worker.submission.profile_rule import GROUP_SETTINGS, UnusableTemplateError, check_template, group_type

DEFAULT_QUEUE = "Default"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDefaults:
    """The settings that all jobs of a deployment share."""

    input_bucket: str
    output_bucket: str
    role: str
    profiles: Profiles
    queue: str | None
    status_update_interval_s: int
    max_duration_s: int
    """The end of the clip: MediaConvert transcodes no input beyond it."""
    needs_cookies: bool = False
    """True if playback needs cookies: then a job template is refused whose outputs could be read without one."""

    def template(self, profile: str | None) -> str:
        """Return the name of the profile's job template; without a profile, that of the default one.

        Raises:
            UnusableTemplateError: The settings don't have this profile any more.
        """
        name = self.profiles.templates.get(profile or self.profiles.default)
        if name is None:
            raise UnusableTemplateError(f"the profile {profile} has no job template any more")
        return name


def job_request(
    claim: Claim,
    template_settings: Mapping[str, Any],
    defaults: JobDefaults,
    correlation: Correlation | None = None,
    *,
    profile: str | None = None,
) -> dict[str, Any]:
    """Return the arguments for CreateJob. `template_settings` are those of the profile's template.

    The claim's id is the request token: MediaConvert ignores a second call with the same token within a minute. It is
    also in the user metadata, so that a later call can find the job. The user metadata contains the correlation ids,
    but no file name, because it allows few characters and comes back in every event.
    """
    template = defaults.template(profile)
    request: dict[str, Any] = {
        "ClientRequestToken": claim.claim_id,
        "JobTemplate": template,
        "Role": defaults.role,
        "Settings": _settings(claim.destination, template_settings, defaults, template=template),
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


def queue_filter(queue: str | None) -> dict[str, str]:
    """Return the arguments that limit ListJobs and SearchJobs to one queue, given by name or ARN.

    Then the calls need a permission for that queue only; without a queue, for every job of the account.

    >>> queue_filter("arn:aws:mediaconvert:eu-west-1:111122223333:queues/videos")
    {'Queue': 'videos'}
    """
    return {"Queue": queue_name(queue)} if queue else {}


def queue_name(queue: str | None) -> str:
    """Return the name of the queue that is given by name or ARN; without one, jobs go to the account's default queue.

    >>> queue_name("arn:aws:mediaconvert:eu-west-1:111122223333:queues/videos"), queue_name(None)
    ('videos', 'Default')
    """
    return queue.rpartition("/")[2] if queue else DEFAULT_QUEUE


def input_uri(input_bucket: str, input_file: str) -> str:
    """Return the S3 URI of the input for MediaConvert; the key in it is never percent-encoded."""
    return f"s3://{input_bucket}/{input_file}"


def _settings(
    destination: Destination, template_settings: Mapping[str, Any], defaults: JobDefaults, *, template: str
) -> dict[str, Any]:
    settings = deepcopy(dict(template_settings))
    first_input = (settings.get("Inputs") or [{}])[0]
    settings["Inputs"] = [
        {
            **first_input,
            "FileInput": input_uri(defaults.input_bucket, destination.input_file),
            "InputClippings": _clippings(first_input, end=end_timecode(defaults.max_duration_s)),
            "TimecodeSource": "ZEROBASED",  # the clip counts from the input's first frame, whatever its timecodes say
        }
    ]
    check_template(template, settings, needs_cookies=defaults.needs_cookies)
    groups = settings["OutputGroups"]
    first_hls = next(index for index, group in enumerate(groups) if group_type(group) == "HLS_GROUP_SETTINGS")
    for index, group in enumerate(groups):
        _set_destination(
            group, destination, defaults.output_bucket, subfolder="" if index == first_hls else _subfolder(group, index)
        )
    return settings


def _subfolder(group: Mapping[str, Any], index: int) -> str:
    """Return the folder of a group below the job's folder, in which it can't overwrite another group's files.

    Only HLS groups are encrypted with the job's key. All other groups write to the guarded folder.
    """
    return f"{index}/" if group_type(group) == "HLS_GROUP_SETTINGS" else f"{GUARDED_FOLDER}/{index}/"


def end_timecode(duration_s: int) -> str:
    """Return the timecode at which a clip of this length ends. MediaConvert includes the frame of the timecode.

    >>> end_timecode(14_400), end_timecode(61)
    ('04:00:00:00', '00:01:01:00')
    """
    return f"{duration_s // 3600:02}:{duration_s // 60 % 60:02}:{duration_s % 60:02}:00"


def _clippings(template_input: Mapping[str, Any], *, end: str) -> list[dict[str, Any]]:
    """Return the template's own clips, none of them beyond the end; one clip if the template has none.

    Timecodes have a fixed width, so that the earlier of two is the smaller text.
    """
    clippings = template_input.get("InputClippings") or [{}]
    return [{**clipping, "EndTimecode": min(clipping.get("EndTimecode", end), end)} for clipping in clippings]


def _set_destination(group: Mapping[str, Any], destination: Destination, bucket: str, *, subfolder: str) -> None:
    """Set the group's destination to the job's folder, and its encryption if it is HLS."""
    kind = group_type(group)
    if kind not in GROUP_SETTINGS:
        return
    settings = group["OutputGroupSettings"].setdefault(GROUP_SETTINGS[kind], {})
    settings["Destination"] = f"s3://{bucket}/{destination.output_path}{subfolder}{base_name(destination.input_file)}"
    if kind == "HLS_GROUP_SETTINGS":
        settings["Encryption"] = _encryption(destination, parent="../" if subfolder else "")


def _encryption(destination: Destination, *, parent: str) -> dict[str, Any]:
    return {
        "EncryptionMethod": "AES128",
        "Type": "STATIC_KEY",
        "InitializationVectorInManifest": "EXCLUDE",
        "StaticKeyProvider": {
            "StaticKeyValue": destination.key_value,
            "Url": parent + key_uri(destination.key_file),
        },
    }
