"""The complete check of settings: MediaConvert's refusals, then the emulator's. Pure."""

from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.parse_job_settings import parse_settings
from mediaconvert_emulator.recorded_settings import RecordedSettings
from mediaconvert_emulator.request_validation import raise_faults, range_faults
from mediaconvert_emulator.rules import RULES, Kind, violations
from mediaconvert_emulator.spec import JobSpec
from mediaconvert_emulator.unread_settings import check_unread_settings

FIRST_OUTPUT = "/outputGroups/0/outputs/0"


def check_settings(operation: str, body: JsonObject, kind: Kind, *, settings: JsonObject | None = None) -> None:
    """Refuse a request that MediaConvert refuses. Its types must be valid.

    Args:
        operation: The operation's name.
        body: The request, with the settings after the merge with a template.
        kind: The kind of the request, which decides on the rules.
        settings: The settings for the rules, if they differ from the request's. For a preset these are the settings of
            one output, as the first output of a job.

    Raises:
        BadRequestException: MediaConvert would refuse it; the message names all faults.
    """
    checked = body.get("settings") if settings is None else settings
    faults = violations(checked, RULES, kind)
    if kind is Kind.PRESET:
        faults = [fault.removeprefix(FIRST_OUTPUT) for fault in faults]
    raise_faults(range_faults(operation, body) + faults)


def parse_used_settings(
    settings: JsonObject, *, is_strict: bool, reads: frozenset[str] = frozenset()
) -> tuple[JobSpec, tuple[str, ...]]:
    """Return the parsed settings, and one warning for each setting without effect.

    Args:
        settings: Settings that MediaConvert accepts.
        is_strict: Refuse settings without effect.
        reads: Pointers of settings that are applied already.

    Raises:
        BadRequestException: The settings need a feature that is not emulated.
    """
    recorded = RecordedSettings(settings)
    spec = parse_settings(recorded)
    return spec, check_unread_settings(settings, recorded.reads | reads, is_strict=is_strict)
