"""The emulator's smaller rules: ffmpeg errors, chaos, metadata, pages, tokens, timestamps."""

import re
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mediaconvert_emulator.chaos import Chaos, delivery_delays_s
from mediaconvert_emulator.errors import BadRequestException, JobError, NotFoundException
from mediaconvert_emulator.events import Account, job_event
from mediaconvert_emulator.ffmpeg_errors import ffmpeg_error
from mediaconvert_emulator.input_spec import InputSpec
from mediaconvert_emulator.job import Job, Status, new_job_id
from mediaconvert_emulator.listing import PageRequest, paginate
from mediaconvert_emulator.naming import S3Location
from mediaconvert_emulator.progress import Phase, Progress
from mediaconvert_emulator.settings import EmulatorSettings
from mediaconvert_emulator.spec import JobSpec
from mediaconvert_emulator.storage import input_error, output_error
from mediaconvert_emulator.store import JobStore
from mediaconvert_emulator.submission import check_metadata

ACCOUNT = Account(region="eu-central-1", account_id="111122223333")


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 (not for secrets)


def _job(job_id: str = "1-abcdef") -> Job:
    input_spec = InputSpec(uri="s3://in/video.mp4", rotate="AUTO", audio_sources={})
    return Job(
        id=job_id,
        request={"role": "arn:aws:iam::111122223333:role/r"},
        settings={},
        used_settings={},
        spec=JobSpec(input=input_spec, groups=()),
        queue="Default",
        priority=0,
        status_update_interval_s=10,
        submitted_ms=1,
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("[libx264 @ 0x5e1b] Error setting profile high444x.", 1040),
        ("[libx264 @ 0x55e4] Error parsing option 'level' with value '9.9'.", 1040),
        ("[vost#0:0/libx264 @ 0x55] [enc:libx264 @ 0x56] Error while opening encoder - maybe incorrect", 1040),
        ("[in#0 @ 0x564b] Error opening input: Invalid data found when processing input", 1010),
        ("[dec:x @ 0x1a] Decoder (codec av9) not found for input stream #0:0", 1030),
        ("an unknown error", 1999),
    ],
)
def test_ffmpegs_error_lines_become_an_error_code(line: str, code: int) -> None:
    """The message contains no memory addresses."""
    error = ffmpeg_error(["a harmless warning", line], "s3://in/video.mp4")
    assert isinstance(error, JobError)
    assert error.code == code
    assert " @ 0x" not in error.message


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [("NoSuchKey", 404, 1404), ("NoSuchBucket", 404, 1404), ("AccessDenied", 403, 1401), ("SlowDown", 503, 1999)],
)
def test_s3_errors_become_error_codes(code: str, status: int, expected: int) -> None:
    """The codes are the same for inputs and outputs, and the message contains the location."""
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    location = S3Location("bucket", "video.mp4")
    for error in (f(location, ClientError(response, "GetObject")) for f in (input_error, output_error)):
        assert error.code == expected
        assert "[s3://bucket/video.mp4]" in error.message


def test_ffmpeg_without_error_lines_is_an_unknown_error() -> None:
    """Ffmpeg writes nothing if another process kills it."""
    assert ffmpeg_error([], "s3://in/video.mp4").code == 1999


def test_without_chaos_every_event_is_sent_once_without_delay() -> None:
    """Chaos is off by default."""
    assert delivery_delays_s(Chaos(), _random(1), is_final=False) == (0.0,)


@given(
    st.builds(
        Chaos,
        duplicate_rate=st.floats(0, 1),
        drop_rate=st.floats(0, 1),
        delay_max_s=st.floats(0, 10),
        reorder_rate=st.floats(0, 1),
    ),
    st.integers(),
)
def test_a_final_event_is_not_dropped_by_default(chaos: Chaos, seed: int) -> None:
    """Its delay is within the configured maximum."""
    delays_s = delivery_delays_s(chaos, _random(seed), is_final=True)

    assert 1 <= len(delays_s) <= 2
    assert all(0 <= delay_s <= chaos.delay_max_s * 2 + chaos.reorder_window_s for delay_s in delays_s)


def test_drop_final_also_drops_final_events() -> None:
    """This tests a program that never receives the final event."""
    assert delivery_delays_s(Chaos(drop_rate=1, drop_final=True), _random(1), is_final=True) == ()


def test_a_seed_makes_chaos_repeatable() -> None:
    """The same seed gives the same delays."""
    chaos = Chaos(duplicate_rate=0.5, drop_rate=0.3, delay_max_s=5, reorder_rate=0.5)
    runs = [
        [delivery_delays_s(chaos, random, is_final=False) for _ in range(50)] for random in (_random(7), _random(7))
    ]
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    "metadata",
    [{"k": "ü"}, {"k": "a&b"}, {"": "x" * 257}, {"x" * 129: "v"}, {str(n): "v" for n in range(11)}, {"k": "a\nb"}],
)
def test_metadata_outside_mediaconverts_limits_is_refused(metadata: dict[str, str]) -> None:
    """The limits are ten pairs, 128 characters of a key, 256 of a value, and a small character set."""
    with pytest.raises(BadRequestException, match="/userMetadata"):
        check_metadata(metadata)


def test_metadata_may_contain_every_allowed_character() -> None:
    """Many kinds of ids are valid."""
    check_metadata({"aZ 0_.:/=+-@": "aZ 0_.:/=+-@"})


def test_job_ids_have_awss_form() -> None:
    """An id is the milliseconds, a hyphen, and six lower-case letters or digits."""
    assert re.fullmatch(r"1536964333549-[a-z0-9]{6}", new_job_id(1536964333549))


def test_each_event_of_a_job_has_a_later_timestamp() -> None:
    """This holds even if the clock stands still or goes back."""
    job = _job()
    timestamps = [job_event(job, ACCOUNT, now, status="STATUS_UPDATE").detail["timestamp"] for now in (5, 5, 3, 9)]
    assert timestamps == [5, 6, 7, 9]


def test_an_event_names_its_account_queue_and_job() -> None:
    """The event has the form of AWS's user guide."""
    event = job_event(_job(), ACCOUNT, 5, status="ERROR", extra={"errorCode": 1010})

    assert event.job_arn == "arn:aws:mediaconvert:eu-central-1:111122223333:jobs/1-abcdef"
    assert event.detail == {
        "timestamp": 5,
        "accountId": "111122223333",
        "queue": "arn:aws:mediaconvert:eu-central-1:111122223333:queues/Default",
        "jobId": "1-abcdef",
        "status": "ERROR",
        "userMetadata": {},
        "errorCode": 1010,
    }


@given(st.integers(0, 60), st.integers(1, 20), st.sampled_from(["ASCENDING", "DESCENDING"]))
def test_pages_contain_every_item_once(count: int, size: int, order: str) -> None:
    """The items are in order, with every page size."""
    items = [(f"id-{n}", n) for n in range(count)]
    listed: list[int] = []
    query = {"maxResults": str(size), "order": order}
    while True:
        page, token = paginate(items, PageRequest.from_query(query, default_order="DESCENDING"))
        listed += page
        if token is None:
            break
        query["nextToken"] = token

    assert listed == sorted(range(count), reverse=order == "DESCENDING")


@pytest.mark.parametrize(
    "query",
    [
        {"maxResults": "0"},
        {"maxResults": "21"},
        {"maxResults": "x"},
        {"maxResults": "²"},
        {"order": "UP"},
        {"nextToken": "§"},
    ],
)
def test_an_invalid_page_request_is_refused(query: dict[str, str]) -> None:
    """The size, the order and the token must be valid."""
    with pytest.raises(BadRequestException):
        PageRequest.from_query(query, default_order="DESCENDING")


def test_a_request_token_is_valid_for_a_minute() -> None:
    """After that the same token creates another job, as on AWS."""
    store, job = JobStore(finished_kept=10), _job()
    store.add(job, "token", 0)

    assert store.find_by_token("token", 59_999) is job
    assert store.find_by_token("token", 60_000) is None


def test_the_oldest_finished_jobs_are_deleted() -> None:
    """Running jobs are never deleted."""
    store = JobStore(finished_kept=1)
    running, *finished = [_job(f"{n}-abcdef") for n in range(4)]
    for job in finished:
        job.finish(Status.COMPLETE, 1)
    for job in (running, *finished):
        store.add(job, None, 0)

    assert store.all() == [running, finished[-1]]
    with pytest.raises(NotFoundException):
        store.get(finished[0].id)


@pytest.mark.parametrize(
    ("name", "value"),
    [("MEDIACONVERT_TIME_FACTOR", "0"), ("MEDIACONVERT_ACCOUNT_ID", "12"), ("MEDIACONVERT_CHAOS", '{"drop": 1}')],
)
def test_an_invalid_setting_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The error is raised when the settings are read, not at the first job."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError):
        EmulatorSettings()


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are comma-separated; AWS's own variables contain the address and the region."""
    for name, value in {
        "MEDIACONVERT_QUEUES": "Default,Fast",
        "MEDIACONVERT_CHAOS": '{"drop_rate": 0.5}',
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    }.items():
        monkeypatch.setenv(name, value)
    settings: Any = EmulatorSettings()

    assert settings.queues == ("Default", "Fast")
    assert settings.chaos.drop_rate == 0.5
    assert (settings.region, settings.aws_endpoint_url) == ("eu-central-1", "http://127.0.0.1:4566")


def test_the_percentage_of_a_phase_never_decreases() -> None:
    """A report of ffmpeg can be behind the one before it; its count of frames still counts."""
    further = Progress(phase=Phase.TRANSCODING, phase_percent=8, frames_decoded=20)
    behind = Progress(phase=Phase.TRANSCODING, phase_percent=5, frames_decoded=25)
    assert behind.not_before(further) == Progress(phase=Phase.TRANSCODING, phase_percent=8, frames_decoded=25)
    assert further.not_before(behind) == further
    assert Progress(phase=Phase.UPLOADING, phase_percent=0).not_before(further).phase_percent == 0
