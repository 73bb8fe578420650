"""From upload to a playable video, over HTTP and AWS only, as a user sees it."""

import json
import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote, urljoin

import httpx
import pytest

from .api_calls import FINAL, final_job, newest_job, upload
from .running_system import System, ffmpeg, poll_until

STATUSES = ["AWAITING_UPLOAD", "QUEUED", "SUBMITTED", "PROGRESSING", "COMPLETE"]


def assert_plays(job: dict[str, Any]) -> None:
    """Fetch the master playlist, a variant, the key and the segments as a player does, and decode them."""
    assert job["status"] == "COMPLETE", job
    url = job["output"]["playback_url"]
    master = httpx.get(url)
    assert master.status_code == 200, url
    variant_url = urljoin(url, next(line for line in master.text.splitlines() if line and not line.startswith("#")))
    variant = httpx.get(variant_url)
    key_uri = re.search(r'#EXT-X-KEY:METHOD=AES-128,URI="([^"]+)"', variant.text)
    assert key_uri, variant.text
    assert len(httpx.get(urljoin(variant_url, key_uri[1])).content) == 16
    ffmpeg_output = ffmpeg("-i", url, "-f", "null", "-")
    frames = re.findall(r"frame=\s*(\d+)", ffmpeg_output)
    assert frames, ffmpeg_output
    assert int(frames[-1]) > 0, ffmpeg_output


def test_an_uploaded_video_is_transcoded_and_plays(api: httpx.Client, clip: bytes) -> None:
    """Status and percentage never go back, and the video plays once its status is COMPLETE."""
    input_file = upload(api, clip)
    reads: list[dict[str, Any]] = []

    def read_job() -> dict[str, Any]:
        reads.append(newest_job(api, input_file))
        return reads[-1]

    poll_until(read_job, lambda job: job["status"] in FINAL)
    order = [STATUSES.index(job["status"]) for job in reads]
    percents = [job["progress_percent"] for job in reads if job["progress_percent"] is not None]
    assert order == sorted(order)
    assert percents == sorted(percents)
    assert (reads[-1]["progress_percent"], reads[-1]["output"]["duration_ms"]) == (100, 2000)
    assert_plays(reads[-1])


def test_info_json_agrees_with_the_api(system: System, api: httpx.Client, clip: bytes) -> None:
    """The file is in the job's output folder."""
    job = final_job(api, upload(api, clip))
    info = httpx.get(f"{system.playback_url}/{quote(job['output']['path'])}info.json").json()
    assert {name: info[name] for name in ("duration_ms", "width_px", "height_px", "playlists")} == {
        name: job["output"][name] for name in ("duration_ms", "width_px", "height_px", "playlists")
    }
    assert (info["job_id"], info["input_file"]) == (job["job_id"], job["input_file"])


def test_an_unreadable_file_ends_in_an_error_with_a_message(system: System, api: httpx.Client) -> None:
    """The error has code 1010 and the file's name, and contains no address of the system."""
    job = final_job(api, upload(api, b"this is no video", file_name="holiday.mp4"))
    assert (job["status"], job["error"]["code"]) == ("ERROR", 1010)
    assert "holiday.mp4" in job["error"]["message"]
    assert system.settings["INPUT_BUCKET"] not in json.dumps(job)
    assert "s3://" not in json.dumps(job)


@pytest.mark.parametrize(
    "file_name",
    [
        "with spaces.mp4",
        "私のビデオ.mp4",
        "🎬🍿.mp4",
        "a+b%20c#d?e&f.mp4",
        "../../etc/passwd.mp4",
        "..",
        "x" * 1000 + ".mp4",
    ],
    ids=["spaces", "japanese", "emoji", "signs", "dots", "only dots", "long"],
)
def test_a_file_with_any_name_plays(api: httpx.Client, clip: bytes, file_name: str) -> None:
    """The key is safe, and the API keeps the name unchanged."""
    job = final_job(api, upload(api, clip, file_name=file_name))
    assert job["file_name"] == file_name
    assert re.fullmatch(r"uploads/[0-9a-f]{32}/[A-Za-z0-9._-]+", job["input_file"])
    assert_plays(job)


@pytest.mark.parametrize("name", ["My vidéo #1 + 100%.mp4", "ビデオ 🎬.mp4", "a'b\"c&d=e?f.mp4", "%41%2F.mp4"])
def test_an_object_with_any_key_plays(system: System, api: httpx.Client, clip: bytes, name: str) -> None:
    """Objects can reach the bucket without the API; events, addresses and playlists must preserve their keys."""
    input_file = f"uploads/{secrets.token_hex(4)}/{name}"
    system.client("s3").put_object(Bucket=system.settings["INPUT_BUCKET"], Key=input_file, Body=clip)
    poll_until(lambda: api.get("/jobs", params={"input_file": input_file}).status_code, lambda status: status == 200)
    job = final_job(api, input_file)
    assert job["file_name"] is None
    assert_plays(job)


def test_a_repeated_s3_event_creates_no_second_job(system: System, api: httpx.Client, clip: bytes) -> None:
    """The test copies S3's event and sends it twice more after the job is final."""
    bodies_about = copy_s3_events(system)
    input_file = upload(api, clip)
    job = final_job(api, input_file)
    caught = poll_until(lambda: bodies_about(input_file), bool)
    for body in (caught[0], caught[0]):
        system.client("sqs").send_message(QueueUrl=system.settings["UPLOADS_QUEUE_URL"], MessageBody=body)
    for queue in ("UPLOADS_QUEUE_URL", "SUBMISSION_QUEUE_URL"):
        poll_until(partial(queue_length, system, queue), lambda count: count == 0)
    input_uri = f"s3://{system.settings['INPUT_BUCKET']}/{input_file}"
    jobs = system.client("mediaconvert").search_jobs(InputFile=input_uri)["Jobs"]
    assert [each["Id"] for each in jobs] == [job["job_id"]]
    assert newest_job(api, input_file)["job_id"] == job["job_id"]


def copy_s3_events(system: System) -> Callable[[str], list[str]]:
    """Copy S3's events to a new queue; return a function that returns the copies about a file."""
    sqs, events, name = system.client("sqs"), system.client("events"), f"catch-{secrets.token_hex(4)}"
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "catch", "Arn": arn}])
    received_bodies: list[str] = []

    def bodies_about(input_file: str) -> list[str]:
        received = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
        received_bodies.extend(message["Body"] for message in received)
        return [body for body in received_bodies if json.loads(body)["detail"]["object"]["key"] == input_file]

    return bodies_about


def test_a_malformed_message_goes_to_the_dead_letter_queue_and_stops_nothing(
    system: System, api: httpx.Client, clip: bytes
) -> None:
    """The dead letter has a reason, and the next video is transcoded."""
    sqs = system.client("sqs")
    token = secrets.token_hex(8)
    for queue in ("UPLOADS", "JOB_EVENTS"):
        sqs.send_message(QueueUrl=system.settings[f"{queue}_QUEUE_URL"], MessageBody=f"{{nonsense {token}")
    for queue in ("UPLOADS", "JOB_EVENTS"):
        dead_letter = poll_until(partial(take_dead_letter, system, queue, f"{{nonsense {token}"), bool)
        assert "Reason" in dead_letter["MessageAttributes"]
    assert final_job(api, upload(api, clip))["status"] == "COMPLETE"


def take_dead_letter(system: System, queue: str, body: str) -> dict[str, Any]:
    """Remove and return the dead letter with this body; return an empty dictionary if it isn't among the next ones."""
    sqs, url = system.client("sqs"), system.settings[f"{queue}_DEAD_LETTER_QUEUE_URL"]
    response = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=5, WaitTimeSeconds=5, MessageAttributeNames=["All"]
    )
    dead_letter: dict[str, Any] = next((each for each in response.get("Messages", []) if each["Body"] == body), {})
    if dead_letter:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=dead_letter["ReceiptHandle"])
    return dead_letter


def test_a_job_of_another_program_is_ignored(system: System, api: httpx.Client) -> None:
    """Events of other jobs in the account are never stored."""
    body = {
        "detail-type": "MediaConvert Job State Change",
        "detail": {"jobId": "1-foreign", "status": "PROGRESSING", "timestamp": 1, "userMetadata": {"Team": "other"}},
    }
    queue_url = system.settings["JOB_EVENTS_QUEUE_URL"]
    system.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(body))
    poll_until(lambda: queue_length(system, "JOB_EVENTS_QUEUE_URL"), lambda count: count == 0)
    assert api.get("/jobs/1-foreign").status_code == 404


def queue_length(system: System, queue: str) -> int:
    """Return the number of messages in a queue, including those in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    response = system.client("sqs").get_queue_attributes(QueueUrl=system.settings[queue], AttributeNames=names)
    return sum(int(response["Attributes"][name]) for name in names)
