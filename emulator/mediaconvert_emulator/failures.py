"""What ffmpeg's last words mean for the job."""

import re

from mediaconvert_emulator.errors import CodecUnsupported, InputUnreadable, JobError, SettingsUnusable, Unknown

# In this order: after an encoder that refuses its settings, later lines complain of anything.
MEANINGS: tuple[tuple[str, type[JobError]], ...] = (
    (r"Error (setting|parsing|while opening encoder)|Unknown encoder|not supported by lib", SettingsUnusable),
    (r"(re)?initializing filter|Error reinitializing|Failed to configure output pad", SettingsUnusable),
    (r"Decoder .* not found|Unknown decoder|no decoder", CodecUnsupported),
    (r"Invalid data found|Error opening input|moov atom not found", InputUnreadable),
)
NOISE = re.compile(r"^(\[[^\]]* @ 0x[0-9a-f]+\]\s*)+")


def ffmpeg_error(lines: list[str], input_uri: str) -> JobError:
    """The job's error when ffmpeg ended with these lines on its standard error."""
    for pattern, kind in MEANINGS:
        for line in lines:
            if re.search(pattern, line, re.IGNORECASE):
                return kind(_message(kind, NOISE.sub("", line), input_uri))
    last = NOISE.sub("", lines[-1]) if lines else "the transcoder was killed"
    return Unknown(f"Unexpected error while transcoding [{input_uri}]: [{last}]")


def unreadable(input_uri: str) -> InputUnreadable:
    """The job's error for an input that the probe couldn't read, in AWS's own words."""
    return InputUnreadable(
        f"Unable to open input file [{input_uri}]: [Failed probe/open: [No parser found for container]]"
    )


def _message(kind: type[JobError], line: str, input_uri: str) -> str:
    if kind is SettingsUnusable:
        return f"The encoder refused the job's settings: [{line}]"
    return f"Unable to decode input file [{input_uri}]: [{line}]"
