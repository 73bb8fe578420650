"""From upload to playable video, as a user meets it: over HTTP and AWS only."""

import json
import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote, urljoin

import httpx
import pytest

from .running import System, eventually, ffmpeg

FINAL = {"COMPLETE", "ERROR", "CANCELED"}
STATUSES = ["AWAITING_UPLOAD", "SUBMITTED", "PROGRESSING", "COMPLETE"]


def upload(api: httpx.Client, body: bytes, *, file_name: str = "clip.mp4") -> str:
    """Upload a file as a front end does, and return its key."""
    wanted = {"file_name": file_name, "content_type": "video/mp4", "size_bytes": len(body)}
    told = api.post("/uploads", json=wanted)
    assert told.status_code == 201, told.text
    answer = httpx.put(told.json()["url"], content=body, headers=told.json()["headers"])
    assert answer.status_code == 200, answer.text
    return str(told.json()["input_file"])


def job_of(api: httpx.Client, input_file: str) -> dict[str, Any]:
    """What the API says of the file's newest job."""
    answer = api.get("/jobs", params={"input_file": input_file})
    assert answer.status_code == 200, answer.text
    job: dict[str, Any] = answer.json()
    return job


def finished(api: httpx.Client, input_file: str) -> dict[str, Any]:
    """The file's job, once it is over."""
    return eventually(lambda: job_of(api, input_file), lambda job: job["status"] in FINAL)


def assert_plays(job: dict[str, Any]) -> None:
    """Fetch master, variant, key and segments as a player does, and decode them."""
    assert job["status"] == "COMPLETE", job
    url = job["output"]["playback_url"]
    master = httpx.get(url)
    assert master.status_code == 200, url
    variant_url = urljoin(url, next(line for line in master.text.splitlines() if line and not line.startswith("#")))
    variant = httpx.get(variant_url)
    key_uri = re.search(r'#EXT-X-KEY:METHOD=AES-128,URI="([^"]+)"', variant.text)
    assert key_uri, variant.text
    assert len(httpx.get(urljoin(variant_url, key_uri[1])).content) == 16
    said = ffmpeg("-i", url, "-f", "null", "-")
    frames = re.findall(r"frame=\s*(\d+)", said)
    assert frames, said
    assert int(frames[-1]) > 0, said


def test_a_video_goes_from_upload_to_playback(api: httpx.Client, clip: bytes) -> None:
    """Statuses move forward only, the percentage never falls, and at COMPLETE the video plays."""
    input_file = upload(api, clip)
    seen: list[dict[str, Any]] = []

    def look() -> dict[str, Any]:
        seen.append(job_of(api, input_file))
        return seen[-1]

    eventually(look, lambda job: job["status"] in FINAL)
    order = [STATUSES.index(job["status"]) for job in seen]
    percents = [job["progress_percent"] for job in seen if job["progress_percent"] is not None]
    assert order == sorted(order)
    assert percents == sorted(percents)
    assert (seen[-1]["progress_percent"], seen[-1]["output"]["duration_ms"]) == (100, 2000)
    assert_plays(seen[-1])


def test_what_the_job_wrote_is_described_beside_it(system: System, api: httpx.Client, clip: bytes) -> None:
    """info.json agrees with the API."""
    job = finished(api, upload(api, clip))
    info = httpx.get(f"{system.playback_url}/{quote(job['output']['path'])}info.json").json()
    assert {name: info[name] for name in ("duration_ms", "width_px", "height_px", "playlists")} == {
        name: job["output"][name] for name in ("duration_ms", "width_px", "height_px", "playlists")
    }
    assert (info["job_id"], info["input_file"]) == (job["job_id"], job["input_file"])


def test_an_unreadable_file_ends_as_an_error_in_words(system: System, api: httpx.Client) -> None:
    """Code 1010, the file's name, and no address of ours."""
    job = finished(api, upload(api, b"this is no video", file_name="holiday.mp4"))
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
def test_any_file_name_is_uploaded_transcoded_and_played(api: httpx.Client, clip: bytes, file_name: str) -> None:
    """The key is made safe; the name is kept as it was."""
    job = finished(api, upload(api, clip, file_name=file_name))
    assert job["file_name"] == file_name
    assert re.fullmatch(r"uploads/[0-9a-f]{32}/[A-Za-z0-9._-]+", job["input_file"])
    assert_plays(job)


@pytest.mark.parametrize("name", ["My vidéo #1 + 100%.mp4", "ビデオ 🎬.mp4", "a'b\"c&d=e?f.mp4", "%41%2F.mp4"])
def test_an_object_copied_in_under_any_name_plays(system: System, api: httpx.Client, clip: bytes, name: str) -> None:
    """Not every object comes through the API; its key goes through events, addresses and playlists unharmed."""
    input_file = f"uploads/{secrets.token_hex(4)}/{name}"
    system.client("s3").put_object(Bucket=system.settings["INPUT_BUCKET"], Key=input_file, Body=clip)
    eventually(lambda: api.get("/jobs", params={"input_file": input_file}).status_code, lambda status: status == 200)
    job = finished(api, input_file)
    assert job["file_name"] is None
    assert_plays(job)


def test_a_notification_delivered_again_makes_no_second_job(system: System, api: httpx.Client, clip: bytes) -> None:
    """S3's own event, caught on its way and sent twice more after the job is done: still one job, and the same."""
    caught = catch_uploads(system)
    input_file = upload(api, clip)
    job = finished(api, input_file)
    bodies = eventually(lambda: caught(input_file), bool)
    for body in (bodies[0], bodies[0]):
        system.client("sqs").send_message(QueueUrl=system.settings["UPLOADS_QUEUE_URL"], MessageBody=body)
    eventually(lambda: waiting(system, "UPLOADS_QUEUE_URL"), lambda count: count == 0)
    address = f"s3://{system.settings['INPUT_BUCKET']}/{input_file}"
    jobs = system.client("mediaconvert").search_jobs(InputFile=address)["Jobs"]
    assert [each["Id"] for each in jobs] == [job["job_id"]]
    assert job_of(api, input_file)["job_id"] == job["job_id"]


def catch_uploads(system: System) -> Callable[[str], list[str]]:
    """Copy S3's events to a queue of the test's own; gives those about a file."""
    sqs, events, name = system.client("sqs"), system.client("events"), f"catch-{secrets.token_hex(4)}"
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "catch", "Arn": arn}])
    kept: list[str] = []

    def caught(input_file: str) -> list[str]:
        received = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages", [])
        kept.extend(message["Body"] for message in received)
        return [body for body in kept if json.loads(body)["detail"]["object"]["key"] == input_file]

    return caught


def test_a_message_that_makes_no_sense_is_buried_and_stops_nothing(
    system: System, api: httpx.Client, clip: bytes
) -> None:
    """It ends in the dead-letter queue with its reason, and the next video goes through."""
    sqs = system.client("sqs")
    mark = secrets.token_hex(8)
    for queue in ("UPLOADS", "JOB_EVENTS"):
        sqs.send_message(QueueUrl=system.settings[f"{queue}_QUEUE_URL"], MessageBody=f"{{nonsense {mark}")
    for queue in ("UPLOADS", "JOB_EVENTS"):
        buried = eventually(partial(dead_letter, system, queue, f"{{nonsense {mark}"), bool)
        assert "Reason" in buried["MessageAttributes"]
    assert finished(api, upload(api, clip))["status"] == "COMPLETE"


def dead_letter(system: System, queue: str, body: str) -> dict[str, Any]:
    """The dead letter with that body, taken out of its queue; empty if it isn't among the next ones."""
    sqs, url = system.client("sqs"), system.settings[f"{queue}_DEAD_LETTER_QUEUE_URL"]
    answer = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=5, WaitTimeSeconds=5, MessageAttributeNames=["All"]
    )
    found: dict[str, Any] = next((each for each in answer.get("Messages", []) if each["Body"] == body), {})
    if found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    return found


def test_a_job_of_another_program_is_left_alone(system: System, api: httpx.Client) -> None:
    """Other jobs in the account never reach the tables."""
    body = {
        "detail-type": "MediaConvert Job State Change",
        "detail": {"jobId": "1-foreign", "status": "PROGRESSING", "timestamp": 1, "userMetadata": {"Team": "other"}},
    }
    queue_url = system.settings["JOB_EVENTS_QUEUE_URL"]
    system.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps(body))
    eventually(lambda: waiting(system, "JOB_EVENTS_QUEUE_URL"), lambda count: count == 0)
    assert api.get("/jobs/1-foreign").status_code == 404


def waiting(system: System, queue: str) -> int:
    """Messages in a queue, those in hand too."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    answer = system.client("sqs").get_queue_attributes(QueueUrl=system.settings[queue], AttributeNames=names)
    return sum(int(answer["Attributes"][name]) for name in names)
