"""Generates a short video for the demo and the tests."""

import subprocess
from pathlib import Path

from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]


def make_clip(path: Path, *, duration_s: int = 20, size: str = "1280x720") -> None:
    """Write an MP4 with a moving test picture that shows a clock, and a tone.

    Raises:
        subprocess.CalledProcessError: ffmpeg failed.
    """
    picture = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30:duration={duration_s}"]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={duration_s}"]
    encoding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run(
        [get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *picture, *tone, *encoding, str(path)],
        check=True,
    )
