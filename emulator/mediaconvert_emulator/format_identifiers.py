"""MediaConvert's format identifiers, such as `$dt$` and `$h$`, in the names of files. Pure: the caller passes the time.

https://docs.aws.amazon.com/mediaconvert/latest/ug/using-variables-in-your-job-settings.html
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from mediaconvert_emulator.errors import SettingsUnusable
from mediaconvert_emulator.naming import output_base
from mediaconvert_emulator.renditions import Rendition, RenditionPlan
from mediaconvert_emulator.spec import FileGroup, Group, HlsGroup, JobSpec, OutputSpec, SegmentedGroup

IDENTIFIER = re.compile(r"\$(dt|d|t|fn|ex|w|h|f|rv|ra|rc|Bandwidth)(?:%0(\d+))?\$")
IN_DESTINATION = ("dt", "d", "t", "fn")
IN_DASH = ("$Number$", "$Time$", "$Bandwidth$")
DASH_ONLY = re.compile(r"\$(Number|Time|Bandwidth|RepresentationID)(%0\d+)?\$")


def resolve_names(spec: JobSpec, plan: RenditionPlan, started_ms: int) -> tuple[JobSpec, RenditionPlan]:
    """Return the job and its renditions with the values of all format identifiers in their names.

    The dates are the job's start. On AWS, those in the names of segments are the end of each segment.

    Raises:
        SettingsUnusable: Two outputs have the same name now.
    """
    job_values = _job_values(spec, started_ms)
    groups = tuple(replace(group, destination=_replace(group.destination, job_values)) for group in spec.groups)
    renditions = tuple(_resolve(rendition, groups[rendition.group_index], job_values) for rendition in plan.renditions)
    resolved = replace(spec, groups=groups)
    _check_names(resolved, renditions)
    return resolved, replace(plan, renditions=renditions)


def _job_values(spec: JobSpec, started_ms: int) -> dict[str, str]:
    started = datetime.fromtimestamp(started_ms / 1000, UTC)
    file_name = output_base("s3://bucket/", spec.input.uri).key
    return {
        "dt": started.strftime("%Y%m%dT%H%M%S"),
        "d": started.strftime("%Y%m%d"),
        "t": started.strftime("%H%M%S"),
        "fn": file_name,
    }


def _resolve(rendition: Rendition, group: Group, job_values: Mapping[str, str]) -> Rendition:
    output, video = rendition.output, rendition.video
    width, height = video.picture.framed if video else ("", "")
    video_bps = (video.spec.bitrate_bps or video.spec.max_bitrate_bps or 0) if video else 0
    audio_bps = sum(audio.bitrate_bps or 0 for audio in output.audios)
    values = {
        **job_values,
        "ex": _extension(output, group),
        "w": str(width),
        "h": str(height),
        "f": str(int(video.frame_rate)) if video else "",
        "rv": str(video_bps // 1000),
        "ra": str(audio_bps // 1000),
        "rc": str((video_bps + audio_bps) // 1000),
    }
    if isinstance(group, SegmentedGroup) and group.kind == "DASH_ISO_GROUP":
        values["Bandwidth"] = str(video_bps + audio_bps)
    modifier, segment_modifier = (_modifier(text, values) for text in (output.name_modifier, output.segment_modifier))
    return replace(rendition, output=replace(output, name_modifier=modifier, segment_modifier=segment_modifier))


def _extension(output: OutputSpec, group: Group) -> str:
    match group:
        case FileGroup():
            return output.extension
        case SegmentedGroup(kind="DASH_ISO_GROUP"):
            return "mpd"
        case HlsGroup() | SegmentedGroup():
            return "m3u8"


def _modifier(text: str, values: Mapping[str, str]) -> str:
    """Return a modifier with its values; `$$` is a dollar sign."""
    return "$".join(_replace(part, values) for part in text.split("$$"))


def _replace(text: str, values: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            return match[0]
        return values[match[1]].zfill(int(match[2] or 0))

    return IDENTIFIER.sub(value, text)


def _check_names(spec: JobSpec, renditions: tuple[Rendition, ...]) -> None:
    seen: set[str] = set()
    for rendition in renditions:
        base = output_base(spec.groups[rendition.group_index].destination, spec.input.uri)
        path = f"{base.uri}{rendition.output.name_modifier}.{rendition.output.extension}"
        if path == spec.input.uri:
            raise SettingsUnusable(f"Duplicate input and output path [{path}] found in job.")
        if path in seen:
            raise SettingsUnusable(f"Duplicate output path [{path}] found in job.")
        seen.add(path)
