"""Which jobs of other programs are followed, and what their events may say."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from service.access.caller import Caller, may_see
from tests.unit.message_parsing import PARSER, LoadMessage, with_detail
from transcode.job import Completed, Job, Output, Status
from transcode.job_view import job_view
from transcode.lookup import Lookup
from worker.messages.events import CorrelatedEvent, Ignored
from worker.messages.followed_jobs import FollowedJob, FollowRule, followed_job
from worker.messages.parser import MessageParser
from worker.messages.sanitise import Sanitiser
from worker.reconcile.listed_job import parse_listed_job
from worker.settings import WorkerSettings

QUEUE = "arn:aws:mediaconvert:eu-central-1:123456789012:queues/Default"
RULE = FollowRule(queues=frozenset({QUEUE}), output_bucket="newsroom")
FOLLOWING = MessageParser(input_bucket="clips-in", upload_prefix="uploads/", sanitiser=Sanitiser(), follow=RULE)


def parsed(payload: dict[str, Any], parser: MessageParser = FOLLOWING) -> CorrelatedEvent:
    """Return the message's only event."""
    [event] = parser.parse(json.dumps(payload))
    return event


@pytest.mark.parametrize("metadata", [None, {}, {"Team": "news"}, {"InputBucket": "clips-in"}])
def test_a_job_without_a_claim_of_ours_is_followed(load_message: LoadMessage, metadata: dict[str, str] | None) -> None:
    """Another program may even name our input bucket: it wrote no key row, for which our own COMPLETE would wait."""
    event = parsed(with_detail(load_message("job_of_another_program"), userMetadata=metadata))
    assert isinstance(event.event, Completed)
    assert event.followed == FollowedJob()


def test_a_job_of_ours_is_not_followed(load_message: LoadMessage) -> None:
    """Its bucket and its claim are in the metadata."""
    ours = {"InputBucket": "clips-in", "Claim": "c1"}
    assert parsed(with_detail(load_message("job_of_another_program"), userMetadata=ours)).followed is None


def test_jobs_of_other_queues_are_ignored(load_message: LoadMessage) -> None:
    """The same without the setting, for every queue."""
    foreign = load_message("job_of_another_program")
    assert isinstance(parsed(with_detail(foreign, queue=f"{QUEUE}2")).event, Ignored)
    assert isinstance(parsed(with_detail(foreign, queue=None)).event, Ignored)
    assert isinstance(parsed(foreign, PARSER).event, Ignored)


@pytest.mark.parametrize(
    ("metadata", "followed"),
    [
        ({"InputFile": "in/a.mp4", "Owner": "ada"}, FollowedJob(input_file="in/a.mp4", owner="ada")),
        ({"InputFile": "", "Owner": "a\nb"}, FollowedJob()),
        ({"InputFile": "x" * 257}, FollowedJob()),
    ],
)
def test_the_metadata_names_upload_and_owner(metadata: dict[str, str], followed: FollowedJob) -> None:
    """A value that can't be one is left out."""
    assert followed_job(metadata) == followed


def test_only_outputs_in_our_bucket_have_a_playback_url() -> None:
    """Elsewhere the path is an address, and our distribution doesn't serve it."""
    for path, url in [(RULE.output_path("s3://newsroom/a/"), "https://v/a/a.m3u8"), ("s3://theirs/a/", None)]:
        output = Output(path=path, playlists={".m3u8": "a.m3u8"})
        view = job_view(
            Job(job_id="1-a", status=Status.COMPLETE, output=output), now_ms=0, playback_base_url="https://v"
        )
        assert view.output is not None
        assert view.output.playback_url == url


@pytest.mark.parametrize(
    ("caller", "record", "sees"),
    [
        (Caller(sub="ada"), Job(job_id="1", is_followed=True), False),
        (Caller(sub="ada"), Job(job_id="1", is_followed=True, owner="ada"), True),
        (Caller(sub="ada", sees_followed_jobs=True), Job(job_id="1", is_followed=True), True),
        (Caller(sub="ada", sees_followed_jobs=True), Job(job_id="1", is_followed=True, owner="bob"), False),
        (Caller(sub="ada", sees_followed_jobs=True), Job(job_id="1"), False),
        (Caller(sub="ada", sees_followed_jobs=True), Lookup(input_file="a"), False),
        (Caller(sub=None), Job(job_id="1", is_followed=True), True),
    ],
)
def test_the_scope_shows_only_followed_jobs_without_an_owner(
    caller: Caller, record: Job | Lookup, *, sees: bool
) -> None:
    """Another owner's job stays hidden, and so does an upload that no caller announced."""
    assert may_see(caller, record) == sees


def test_reconciliation_learns_no_names_of_a_followed_jobs_files() -> None:
    """The worker may not look into foreign buckets, so it can't know which playlists exist."""
    group = {
        "OutputGroupSettings": {
            "Type": "HLS_GROUP_SETTINGS",
            "HlsGroupSettings": {"Destination": "s3://theirs/out/a"},
        },
        "Outputs": [{"NameModifier": "_720p"}],
    }
    details = {"OutputDetails": [{"DurationInMs": 9000, "VideoDetails": {"WidthInPx": 1280, "HeightInPx": 720}}]}
    job = {
        "Id": "1-a",
        "Queue": QUEUE,
        "Status": "COMPLETE",
        "UserMetadata": {"InputFile": "in/a.mp4", "Claim": "of another deployment"},
        "CreatedAt": datetime(2026, 11, 22, tzinfo=UTC),
        "Settings": {"Inputs": [{"FileInput": "s3://theirs/in/a.mp4"}], "OutputGroups": [group]},
        "OutputGroupDetails": [details],
    }
    listed = parse_listed_job(job, input_bucket="clips-in", sanitiser=Sanitiser(), follow=RULE)
    assert listed is not None
    assert (listed.input_file, listed.claim_id, listed.followed) == (
        "in/a.mp4",
        None,
        FollowedJob(input_file="in/a.mp4"),
    )
    assert listed.output is not None
    assert (listed.output.path, listed.output.playlists, listed.output.width_px) == ("s3://theirs/out/", {}, 1280)
    assert parse_listed_job(job, input_bucket="clips-in", sanitiser=Sanitiser()) is None


def test_all_jobs_of_no_queue_are_refused() -> None:
    """No event would match, and nothing would say so."""
    with pytest.raises(ValueError, match="FOLLOW_QUEUES"):
        WorkerSettings.model_validate({"follow_jobs": "all"} | _REQUIRED)


_REQUIRED = {
    "input_bucket": "clips-in",
    "output_bucket": "clips-out",
    "uploads_queue_url": "http://sqs/uploads",
    "submission_queue_url": "http://sqs/submission",
    "job_events_queue_url": "http://sqs/events",
    "mediaconvert_role": "arn:aws:iam::123456789012:role/m",
}
