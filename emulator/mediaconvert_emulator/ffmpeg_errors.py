"""Maps the last lines of ffmpeg's standard error to the job's error. Pure."""

import re

from mediaconvert_emulator.errors import (
    CodecUnsupported,
    InputUnreadable,
    JobError,
    SettingsUnusable,
    UnknownJobError,
)

# The order matters: after an encoder refuses its settings, ffmpeg also logs errors that match the later patterns.
ERROR_PATTERNS: tuple[tuple[str, type[JobError]], ...] = (
    (r"Error (setting|parsing|while opening encoder)|Unknown encoder|not supported by lib", SettingsUnusable),
    (r"(re)?initializing filter|Error reinitializing|Failed to configure output pad", SettingsUnusable),
    (r"Decoder .* not found|Unknown decoder|no decoder", CodecUnsupported),
    (r"Invalid data found|Error opening input|moov atom not found", InputUnreadable),
)
TIMED_OUT_MESSAGE = "An internal error has occurred and your job timed out. Contact Support."
LOG_PREFIX = re.compile(r"^(\[[^\]]* @ 0x[0-9a-f]+\]\s*)+")


def ffmpeg_error(lines: list[str], input_uri: str) -> JobError:
    """Return the job's error for the last lines that ffmpeg wrote to its standard error."""
    for pattern, error_class in ERROR_PATTERNS:
        for line in lines:
            if re.search(pattern, line, re.IGNORECASE):
                return error_class(_message(error_class, LOG_PREFIX.sub("", line), input_uri))
    last_line = LOG_PREFIX.sub("", lines[-1]) if lines else "the transcoder was killed"
    return UnknownJobError(f"Unexpected error while transcoding [{input_uri}]: [{last_line}]")


def unreadable_input_error(input_uri: str) -> InputUnreadable:
    """Return the job's error for an input that the probe can't read, with AWS's text."""
    return InputUnreadable(
        f"Unable to open input file [{input_uri}]: [Failed probe/open: [No parser found for container]]"
    )


def _message(error_class: type[JobError], line: str, input_uri: str) -> str:
    if error_class is SettingsUnusable:
        return f"The encoder refused the job's settings: [{line}]"
    return f"Unable to decode input file [{input_uri}]: [{line}]"
