"""A test environment for the MediaConvert emulator: one emulator, buckets, a queue for its events, and test videos.

Every environment has its own names, so that several environments can use the same AWS.
"""

import json
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import boto3
from botocore.config import Config
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from mediaconvert_emulator.server import serving
from mediaconvert_emulator.settings import EmulatorSettings
from mediaconvert_emulator.template_file import read_template
from tests.served_files import served_files

if TYPE_CHECKING:
    from types_aiobotocore_mediaconvert.type_defs import JobTypeDef

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE_FILE = ROOT / "tests" / "streams_template.json"
"""The HLS group of infra/job_template.json: the requests of these tests have no destination for a poster."""
TEMPLATE = read_template(TEMPLATE_FILE)["name"]
ROLE = "arn:aws:iam::000000000000:role/MediaConvert"
KEY_HEX = "00112233445566778899aabbccddeeff"
DEADLINE_S = 40.0
FINAL = {"COMPLETE", "ERROR", "CANCELED"}


def make_video(path: Path, *arguments: str, size: str = "320x180", rate: str = "25", duration_s: float = 3) -> Path:
    """Write a test video to `path`: a moving picture and a tone, changed by further ffmpeg `arguments`."""
    path.write_bytes(_video(path.suffix, arguments, size=size, rate=rate, duration_s=duration_s))
    return path


@cache
def _video(suffix: str, arguments: Sequence[str], *, size: str, rate: str, duration_s: float) -> bytes:
    """Return the test video. Many tests use the same one, so each process makes it once."""
    inputs = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={duration_s}"]
    inputs += ["-f", "lavfi", "-i", f"sine=d={duration_s}"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video{suffix}"
        ffmpeg(*inputs, *codecs, *arguments, str(path))
        return path.read_bytes()


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg, and check that it succeeds and logs no error."""
    completed = subprocess.run(
        [get_ffmpeg_exe(), "-hide_banner", "-v", "error", *arguments], capture_output=True, text=True, check=False
    )
    assert (completed.returncode, completed.stderr) == (0, "")


def wait_until(condition: Callable[[], object], description: str, *, deadline_s: float = DEADLINE_S) -> None:
    """Poll until `condition` returns a true value."""
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {deadline_s} s: {description}"
        time.sleep(0.05)


class EmulatorEnvironment:
    """Clients of one emulator and of its AWS, and the operations that tests need."""

    def __init__(self, *, aws_url: str, mediaconvert_url: str, event_source: str) -> None:
        self.url = mediaconvert_url
        once = Config(retries={"total_max_attempts": 1})  # tests expect errors that botocore would repeat for seconds
        self.mediaconvert = boto3.client("mediaconvert", endpoint_url=mediaconvert_url, config=once)
        self.s3 = boto3.client("s3", endpoint_url=aws_url)
        self.sqs = boto3.client("sqs", endpoint_url=aws_url)
        name = f"mediaconvert-{uuid.uuid4().hex[:8]}"
        self.inputs, self.outputs = f"{name}-in", f"{name}-out"
        for bucket in (self.inputs, self.outputs):
            self.s3.create_bucket(Bucket=bucket)
        self._queue_url = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=["QueueArn"])["Attributes"]
        events = boto3.client("events", endpoint_url=aws_url)
        events.put_rule(Name=name, EventPattern=json.dumps({"source": [event_source]}))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
        self._events: list[dict[str, Any]] = []

    def upload(self, path: Path, key: str) -> str:
        """Upload a file to the input bucket; return its URI."""
        self.s3.upload_file(str(path), self.inputs, key)
        return f"s3://{self.inputs}/{key}"

    def job_request(self, uri: str, destination: str, **changes: object) -> dict[str, Any]:
        """Return a CreateJob request that names the template, and adds an input, a destination and a key."""
        encryption = {
            "EncryptionMethod": "AES128",
            "Type": "STATIC_KEY",
            "StaticKeyProvider": {"StaticKeyValue": KEY_HEX, "Url": "video.key"},
        }
        hls = {"Destination": f"s3://{self.outputs}/{destination}", "Encryption": encryption}
        groups = [{"OutputGroupSettings": {"HlsGroupSettings": hls}}]
        settings = {"Inputs": [{"FileInput": uri}], "OutputGroups": groups}
        return {"Role": ROLE, "JobTemplate": TEMPLATE, "Settings": settings} | changes

    def create_job(self, uri: str, destination: str, **changes: object) -> str:
        """Create a job from the template; return its id."""
        return str(self.mediaconvert.create_job(**self.job_request(uri, destination, **changes))["Job"]["Id"])

    def job(self, job_id: str) -> "JobTypeDef":
        """Return the job from GetJob."""
        job: JobTypeDef = self.mediaconvert.get_job(Id=job_id)["Job"]
        return job

    def wait_for_job(self, job_id: str) -> "JobTypeDef":
        """Return the job when its status is final."""
        wait_until(lambda: self.job(job_id)["Status"] in FINAL, f"{job_id} is final")
        return self.job(job_id)

    def events(self, job_id: str) -> list[dict[str, Any]]:
        """Return the events of a job that have arrived so far, in order of their timestamps."""
        response = self.sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10)
        for message in response.get("Messages", []):
            self._events.append(json.loads(message["Body"]))
            self.sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        job_events = [event for event in self._events if event["detail"]["jobId"] == job_id]
        return sorted(job_events, key=lambda event: event["detail"]["timestamp"])

    def wait_for_final_event(self, job_id: str) -> list[dict[str, Any]]:
        """Return the events of a job when its final event has arrived."""
        wait_until(lambda: any(e["detail"]["status"] in FINAL for e in self.events(job_id)), f"{job_id}'s final event")
        return self.events(job_id)

    def output_keys(self, prefix: str) -> list[str]:
        """Return the keys below a prefix of the output bucket, without the prefix."""
        response = self.s3.list_objects_v2(Bucket=self.outputs, Prefix=prefix)
        return sorted(item["Key"].removeprefix(prefix) for item in response.get("Contents", []))

    def output_text(self, key: str) -> str:
        """Return the text of an output file."""
        content: bytes = self.s3.get_object(Bucket=self.outputs, Key=key)["Body"].read()
        return content.decode()

    @contextmanager
    def serve_outputs(self, prefix: str, folder: Path) -> Iterator[str]:
        """Serve all outputs below a prefix, and the key file, over HTTP; yield the base URL."""
        for name in self.output_keys(prefix):
            self.s3.download_file(self.outputs, prefix + name, str(folder / name))
        (folder / "video.key").write_bytes(bytes.fromhex(KEY_HEX))
        with served_files(folder) as url:
            yield url


@contextmanager
def emulator_environment(aws_url: str, **settings: object) -> Iterator[EmulatorEnvironment]:
    """Yield an environment with its own emulator, which has these settings."""
    source = f"local.mediaconvert.{uuid.uuid4().hex[:8]}"
    defaults: Mapping[str, Any] = {
        "port": 0,
        "event_source": source,
        "aws_endpoint_url": aws_url,
        "ffmpeg_preset": "ultrafast",
        "templates": (TEMPLATE_FILE,),
    }
    with serving(EmulatorSettings.model_validate({**defaults, **settings})) as url:
        yield EmulatorEnvironment(aws_url=aws_url, mediaconvert_url=url, event_source=source)


def decode(url: str) -> dict[str, Any]:
    """Decode all frames of a file or stream; return the picture size, the frame count and if there is audio."""
    with av.open(url) as container:
        video = container.streams.video[0] if container.streams.video else None
        audio = container.streams.audio[0] if container.streams.audio else None
        counts = {"video": 0, "audio": 0}
        for frame in container.decode([stream for stream in (video, audio) if stream is not None]):
            counts["video" if isinstance(frame, av.VideoFrame) else "audio"] += 1
        return {
            "size": (video.width, video.height) if video else None,
            "frames": counts["video"],
            "has_audio": counts["audio"] > 0,
        }
