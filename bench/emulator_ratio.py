"""Compares a job of the MediaConvert emulator with a bare ffmpeg command that makes the same outputs.

`python -m bench.emulator_ratio [--clip-s 60] [--runs 3]` runs both in turn, and prints the processor time and the
duration of each run with the machine's load. Processor time depends less on other programs than durations do.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import boto3
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from local.embedded_aws import CREDENTIALS, embedded_aws
from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings

PORT = 8093
HEIGHTS = (1080, 720, 360)
MAX_BITRATE_BPS = {1080: 5_000_000, 720: 3_000_000, 360: 1_000_000}
QUALITY = 7
CRF = 37 - 2 * QUALITY
SEGMENT_S = 6
POLL_S = 1.0
BUCKET = "ratio"
ROLE = "arn:aws:iam::000000000000:role/MediaConvert"
VIDEO = (
    *("-c:v", "libx264", "-preset", "veryfast", "-threads:v", "2", "-crf", str(CRF), "-sc_threshold", "0"),
    *("-force_key_frames", "expr:gte(t,n_forced*2)", "-c:a", "aac", "-b:a", "96k", "-ar", "48000"),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """The processor time and the duration of one run, in seconds."""

    cpu_s: float
    wall_s: float


def measured(run: Callable[[], object]) -> Cost:
    """Return the cost of a call: of this process, and of the children that ended meanwhile."""
    before, began_s = _cpu_s(), time.monotonic()
    run()
    return Cost(_cpu_s() - before, time.monotonic() - began_s)


def _cpu_s() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _ffmpeg(*arguments: str) -> None:
    subprocess.run([get_ffmpeg_exe(), "-hide_banner", "-v", "error", "-nostdin", "-y", *arguments], check=True)


def _make_clip(path: Path, clip_s: int) -> None:
    picture = ("-f", "lavfi", "-i", f"testsrc2=s=1920x1080:r=30:d={clip_s},noise=alls=12:allf=t")
    _ffmpeg(*picture, "-f", "lavfi", "-i", f"sine=d={clip_s}", *VIDEO, "-pix_fmt", "yuv420p", str(path))


def _bare(clip: Path, folder: Path) -> None:
    """Make three renditions of HLS with one command that decodes the input once."""
    split = "".join(f"[s{height}]" for height in HEIGHTS)
    scaled = ";".join(f"[s{height}]scale=-2:{height}[v{height}]" for height in HEIGHTS)
    graph = f"[0:v]split={len(HEIGHTS)}{split};{scaled}"
    arguments = ["-threads", "2", "-i", str(clip), "-filter_complex", graph]
    for height in HEIGHTS:
        rate = ("-maxrate", str(MAX_BITRATE_BPS[height]), "-bufsize", str(2 * MAX_BITRATE_BPS[height]))
        files = ("-hls_playlist_type", "vod", "-hls_segment_filename", str(folder / f"{height}_%05d.ts"))
        arguments += ["-map", f"[v{height}]", "-map", "0:a", *VIDEO, *rate, "-f", "hls", "-hls_time", str(SEGMENT_S)]
        arguments += [*files, str(folder / f"{height}.m3u8")]
    _ffmpeg(*arguments)


def _job() -> dict[str, Any]:
    aac = {"Bitrate": 96_000, "CodingMode": "CODING_MODE_2_0", "SampleRate": 48_000}
    outputs = [
        {
            "NameModifier": f"_{height}p",
            "ContainerSettings": {"Container": "M3U8"},
            "VideoDescription": {"Height": height, "CodecSettings": {"Codec": "H_264", "H264Settings": _h264(height)}},
            "AudioDescriptions": [{"CodecSettings": {"Codec": "AAC", "AacSettings": aac}}],
        }
        for height in HEIGHTS
    ]
    hls = {"Destination": f"s3://{BUCKET}/out/", "SegmentLength": SEGMENT_S, "MinSegmentLength": 0}
    group = {"OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS", "HlsGroupSettings": hls}, "Outputs": outputs}
    selectors = {"Audio Selector 1": {"DefaultSelection": "DEFAULT"}}
    inputs = [{"FileInput": f"s3://{BUCKET}/clip.mp4", "AudioSelectors": selectors}]
    return {"Role": ROLE, "Settings": {"Inputs": inputs, "OutputGroups": [group]}}


def _h264(height: int) -> dict[str, Any]:
    qvbr = {"QvbrQualityLevel": QUALITY}
    return {"RateControlMode": "QVBR", "MaxBitrate": MAX_BITRATE_BPS[height], "QvbrSettings": qvbr}


def _emulated(url: str) -> None:
    client = boto3.client("mediaconvert", endpoint_url=url)
    job_id = client.create_job(**_job())["Job"]["Id"]
    while (status := client.get_job(Id=job_id)["Job"]["Status"]) not in {"COMPLETE", "ERROR", "CANCELED"}:
        time.sleep(POLL_S)
    if status != "COMPLETE":
        raise RuntimeError(f"the job ended as {status}")


def main() -> None:
    """Measure, and print one line for each run and the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clip-s", type=int, default=60)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    os.environ.update(CREDENTIALS)
    with tempfile.TemporaryDirectory() as scratch, embedded_aws(port=PORT) as aws_url:
        clip, folder = Path(scratch, "clip.mp4"), Path(scratch, "bare")
        folder.mkdir()
        _make_clip(clip, options.clip_s)
        s3 = boto3.client("s3", endpoint_url=aws_url)
        s3.create_bucket(Bucket=BUCKET)
        s3.upload_file(str(clip), BUCKET, "clip.mp4")
        settings = EmulatorSettings.model_validate({"port": 0, "aws_endpoint_url": aws_url, "log_level": "error"})
        pairs = []
        with serving(settings) as url:
            for _ in range(options.runs):
                pairs.append((measured(lambda: _bare(clip, folder)), measured(lambda: _emulated(url))))
                _report(*pairs[-1])
        ratio = median(emulated.cpu_s / bare.cpu_s for bare, emulated in pairs)
        beyond_s = median(emulated.cpu_s - bare.cpu_s for bare, emulated in pairs)
        sys.stdout.write(f"median: ratio {ratio:.3f}, {beyond_s:+.2f} s of processor time\n")


def _report(bare: Cost, emulated: Cost) -> None:
    costs = ", ".join(f"{name} {cost.cpu_s:.1f} s" for name, cost in (("bare", bare), ("emulator", emulated)))
    durations = f"durations {bare.wall_s:.1f} s and {emulated.wall_s:.1f} s"
    ratio, load = emulated.cpu_s / bare.cpu_s, os.getloadavg()[0]
    sys.stdout.write(f"{costs}, ratio {ratio:.3f}, {durations}, load {load:.1f}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
