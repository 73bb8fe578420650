"""The length of a video, from the file itself, so that the API can refuse one that is too long before it is sent."""

import shutil
import subprocess
from pathlib import Path

TIMEOUT_S = 10


def duration_ms(video: Path) -> int | None:
    """Return the video's length by ffprobe; None if ffprobe isn't installed, or can't read it in the file."""
    program = shutil.which("ffprobe")
    if program is None:
        return None
    arguments = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", f"file:{video}"]
    try:
        # The file may come from anyone: it may not make ffprobe open other files or addresses.
        result = subprocess.run(
            [program, "-protocol_whitelist", "file", *arguments],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        return max(1, round(float(result.stdout) * 1000))
    except (OSError, subprocess.TimeoutExpired, ValueError, OverflowError):
        return None
