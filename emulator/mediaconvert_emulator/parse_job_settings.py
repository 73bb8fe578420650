"""Parses a job's settings into a `JobSpec`, or refuses them. Pure.

The settings are in the API's JSON form, and `request_validation` has already checked them against the service's model.
The error for a feature that is not emulated names it, so that no job succeeds with a simpler output than requested.
"""

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.input_spec import InputSpec
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_files import parse_files
from mediaconvert_emulator.parse_hls import parse_hls
from mediaconvert_emulator.parse_input import parse_input
from mediaconvert_emulator.parse_program_date import JobTimecodes, parse_job_timecodes
from mediaconvert_emulator.parse_segmented import parse_cmaf, parse_dash
from mediaconvert_emulator.spec import Group, JobSpec


def parse_settings(settings: JsonObject) -> JobSpec:
    """Parse the settings of a job.

    Raises:
        BadRequestException: The settings are incomplete or contradictory, or need a feature that is not emulated.
    """
    input_spec, timecodes = parse_input(settings), parse_job_timecodes(settings)
    groups = settings.get("outputGroups") or []
    if not groups:
        raise BadRequestException("/outputGroups: Should have at least one output group")
    return JobSpec(
        input=input_spec,
        groups=tuple(
            _parse_group(group, input_spec, f"/outputGroups/{index}", timecodes) for index, group in enumerate(groups)
        ),
    )


def _parse_group(group: JsonObject, input_spec: InputSpec, pointer: str, timecodes: JobTimecodes) -> Group:
    if "automatedEncodingSettings" in group:
        raise BadRequestException(f"{pointer}/automatedEncodingSettings: Automated ABR is not emulated")
    settings = group.get("outputGroupSettings") or {}
    outputs = group.get("outputs") or []
    if not outputs:
        raise BadRequestException(f"{pointer}/outputs: Should have at least one output")
    match settings.get("type"):
        case None:
            raise BadRequestException(f"{pointer}/outputGroupSettings/type: Should exist")
        case "HLS_GROUP_SETTINGS":
            hls = settings.get("hlsGroupSettings") or {}
            return parse_hls(hls, outputs, input_spec, pointer, timecodes=timecodes)
        case "FILE_GROUP_SETTINGS":
            return parse_files(settings.get("fileGroupSettings") or {}, outputs, input_spec, pointer)
        case "CMAF_GROUP_SETTINGS":
            return parse_cmaf(settings.get("cmafGroupSettings") or {}, outputs, input_spec, pointer)
        case "DASH_ISO_GROUP_SETTINGS":
            return parse_dash(settings.get("dashIsoGroupSettings") or {}, outputs, input_spec, pointer)
        case other:
            raise BadRequestException(f"{pointer}/outputGroupSettings/type: {other} is not emulated")
