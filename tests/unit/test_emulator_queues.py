"""The emulator's queues, hops, presets and job queries follow MediaConvert's rules."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.model import StringShape
from hypothesis import given
from hypothesis import strategies as st

from mediaconvert_emulator.errors import (
    ApiError,
    BadRequestException,
    ConflictException,
    NotFoundException,
    TooManyRequestsException,
)
from mediaconvert_emulator.hops import Hop, parse_hops
from mediaconvert_emulator.job import Job, Status
from mediaconvert_emulator.jobs_query import FILTERS, check_filters, query_jobs
from mediaconvert_emulator.presets import expand_presets
from mediaconvert_emulator.queues import QueueQuotas, QueueStore, WaitingJobs
from mediaconvert_emulator.request_validation import service_model
from mediaconvert_emulator.reserved_queue_rules import check_reserved_queue
from mediaconvert_emulator.submission import AccountResources, job_from_request
from tests.emulator_examples import OUTPUT, REMOVED, VIDEO, example_settings, with_values

ROLE = "arn:aws:iam::111122223333:role/R"
NO_CONTAINER = {f"{OUTPUT}/containerSettings": REMOVED}
RESERVED = {"commitment": "ONE_YEAR", "renewalType": "EXPIRE", "reservedSlots": 2}


def _store(**quotas: int) -> QueueStore:
    return QueueStore(("Default", "B"), now_ms=0, quotas=QueueQuotas(**({"queues": 4, "concurrent_jobs": 10} | quotas)))


def _job(queue: str = "Default", priority: int = 0, **changes: Any) -> Job:  # noqa: ANN401 (members of a request)
    body = {"role": ROLE, "settings": example_settings(), "queue": queue, "priority": priority, **changes}
    return job_from_request(body, AccountResources(templates={}, queues=("Default", "B", "C")), now_ms=0)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"name": "B"}, ConflictException),
        ({"name": "a/b"}, BadRequestException),
        ({"name": "C", "concurrentJobs": 11}, BadRequestException),
        ({"name": "C", "concurrentJobs": 0}, BadRequestException),
        ({"name": "C", "pricingPlan": "RESERVED"}, BadRequestException),
        ({"name": "C", "reservationPlanSettings": RESERVED}, BadRequestException),
        ({"name": "C", "pricingPlan": "RESERVED", "reservationPlanSettings": {}}, BadRequestException),
        (
            {"name": "C", "pricingPlan": "RESERVED", "reservationPlanSettings": RESERVED, "concurrentJobs": 1},
            BadRequestException,
        ),
    ],
)
def test_an_invalid_queue_is_refused(body: dict[str, Any], error: type[ApiError]) -> None:
    """Nothing changes."""
    store = _store()
    with pytest.raises(error):
        store.create(body, now_ms=1)
    assert list(store.queues) == ["Default", "B"]


def test_the_quota_of_queues_is_a_429() -> None:
    """AWS answers TooManyRequestsException, and not ServiceQuotaExceeded."""
    with pytest.raises(TooManyRequestsException):
        _store(queues=2).create({"name": "C"}, now_ms=1)


def test_a_queue_changes_and_the_default_queue_stays() -> None:
    """A queue with jobs can't be deleted either."""
    store = _store()
    store.create({"name": "C", "concurrentJobs": 4, "description": "x", "status": "PAUSED"}, now_ms=1)
    assert (store.get("C").is_paused, store.get("C").max_running, store.allocated) == (True, 4, 4)
    store.update("C", {"status": "ACTIVE", "concurrentJobs": 10}, now_ms=2)
    assert (store.get("C").is_paused, store.allocated, store.get("C").description) == (False, 10, "x")
    with pytest.raises(BadRequestException):
        store.update("B", {"concurrentJobs": 1}, now_ms=3)
    with pytest.raises(BadRequestException):
        store.delete("Default", [])
    with pytest.raises(ConflictException):
        store.delete("C", [_job("C")])
    store.delete("C", [_job("B")])
    with pytest.raises(NotFoundException):
        store.get("C")


def test_a_reserved_queue_runs_one_job_in_each_slot() -> None:
    """Its plan can't change to on-demand jobs."""
    store = _store()
    body = {"name": "C", "pricingPlan": "RESERVED", "reservationPlanSettings": RESERVED}
    assert store.create(body, now_ms=1).max_running == 2
    with pytest.raises(BadRequestException):
        store.update("C", {"concurrentJobs": 5}, now_ms=2)


@given(st.lists(st.tuples(st.sampled_from(["Default", "B"]), st.integers(-50, 50)), max_size=12), st.integers(1, 3))
def test_jobs_start_by_priority_then_age_within_the_limits(entries: list[tuple[str, int]], max_running: int) -> None:
    """Whatever waits, the next job is the first one of the highest priority whose queue has room."""
    store = _store()
    store.update("B", {"concurrentJobs": 1}, now_ms=1)
    jobs = [_quick_job(queue, priority) for queue, priority in entries]
    waiting = WaitingJobs()
    running: list[Job] = []
    for each in jobs:
        waiting.add(each)
    while job := waiting.next_job(running, store.queues, max_running=max_running):
        waiting.remove(job)
        better = [other for other in jobs if other not in running and other.priority > job.priority]
        assert all(other.queue == "B" and any(r.queue == "B" for r in running) for other in better)
        running.append(job)
    assert len(running) <= max_running
    assert sum(job.queue == "B" for job in running) <= 1


TEMPLATE_JOB = _job()


def _quick_job(queue: str, priority: int) -> Job:
    return Job(
        id="1-a",
        request={},
        settings={},
        used_settings={},
        spec=TEMPLATE_JOB.spec,
        queue=queue,
        priority=priority,
        status_update_interval_s=60,
        submitted_ms=0,
    )


def test_a_paused_queue_starts_no_job() -> None:
    """Running jobs go on."""
    store, waiting = _store(), WaitingJobs()
    waiting.add(_job("B"))
    store.update("B", {"status": "PAUSED"}, now_ms=1)
    assert waiting.next_job([], store.queues, max_running=5) is None
    store.update("B", {"status": "ACTIVE"}, now_ms=2)
    assert waiting.next_job([], store.queues, max_running=5) is not None


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"queue": "B"}, "queue hopping: 'null'. Wait time must be between 1 and 4320 minutes."),
        ({"queue": "B", "waitMinutes": 0}, "'0'. Wait time"),
        ({"queue": "B", "waitMinutes": 4321}, "'4321'. Wait time"),
        ({"waitMinutes": 5}, "/hopDestinations/0/queue: Should not be the job's own queue"),
        ({"queue": "none", "waitMinutes": 5}, "/hopDestinations/0/queue: No queue 'none'"),
    ],
)
def test_an_invalid_hop_is_refused(item: dict[str, Any], message: str) -> None:
    """The text about the wait is MediaConvert's."""
    with pytest.raises(ApiError) as caught:
        _job(hopDestinations=[item])
    assert message in caught.value.message


def test_a_hop_changes_queue_and_priority() -> None:
    """A hop without a priority keeps the job's."""
    find: Callable[[str], str | None] = lambda name: name.rpartition("/")[2]  # noqa: E731
    items = [{"queue": "arn:x:queues/B", "waitMinutes": 3, "priority": 7}, {"queue": "C", "waitMinutes": 9}]
    first, second = parse_hops(items, queue="Default", find_queue=find)
    job = _job(priority=1)
    assert first == Hop(queue="B", wait_minutes=3, priority=7)
    job.hop(first, 5)
    assert (job.queue, job.priority) == ("B", 7)
    job.hop(second, 6)
    assert (job.queue, job.priority) == ("C", 7)
    assert [(t.source, t.destination) for t in job.transitions] == [("Default", "B"), ("B", "C")]


@pytest.mark.parametrize(
    ("changes", "mode", "feature"),
    [
        ({}, "ENABLED", "accelerated"),
        ({"/outputGroups/0/automatedEncodingSettings": {"abrSettings": {}}}, "DISABLED", "automated ABR"),
        ({f"{VIDEO}/width": 7680}, "DISABLED", "8K"),
        ({f"{VIDEO}/codecSettings": {"codec": "AV1"}}, "DISABLED", "AV1"),
        ({f"{VIDEO}/videoPreprocessors": {"dolbyVision": {"profile": "PROFILE_5"}}}, "DISABLED", "Dolby Vision"),
        (
            {f"{VIDEO}/codecSettings/h264Settings/framerateConversionAlgorithm": "FRAMEFORMER"},
            "DISABLED",
            "FrameFormer",
        ),
    ],
)
def test_a_reserved_queue_refuses_features_by_name(changes: dict[str, Any], mode: str, feature: str) -> None:
    """They need an on-demand queue."""
    with pytest.raises(BadRequestException, match=feature):
        check_reserved_queue(with_values(example_settings(), changes), mode)
    check_reserved_queue(example_settings(), "PREFERRED")


def test_an_output_with_a_preset_has_the_presets_settings() -> None:
    """The output's own settings take precedence."""
    presets = {"P": {"settings": {"videoDescription": {"width": 320, "height": 180}}}}
    changes = {f"{OUTPUT}/preset": "arn:aws:mediaconvert:x:1:presets/P"}
    settings = with_values(example_settings(), changes | NO_CONTAINER)
    expanded, used = expand_presets(settings, presets)

    video = expanded["outputGroups"][0]["outputs"][0]["videoDescription"]
    assert (video["width"], video["height"]) == (320, 360)
    assert used == frozenset({f"{OUTPUT}/preset"})


@pytest.mark.parametrize(
    ("name", "message"), [("none", "No preset 'none'"), ("System-Avc", "system preset System-Avc")]
)
def test_a_missing_or_system_preset_is_refused_by_name(name: str, message: str) -> None:
    """AWS doesn't publish the system presets in full."""
    with pytest.raises(BadRequestException, match=message):
        expand_presets(with_values(example_settings(), {f"{OUTPUT}/preset": name, **NO_CONTAINER}), {})


def test_an_output_with_a_preset_has_no_container_of_its_own() -> None:
    """The container is in the preset."""
    with pytest.raises(BadRequestException, match=f"{OUTPUT}: Should have either preset or containerSettings"):
        expand_presets(with_values(example_settings(), {f"{OUTPUT}/preset": "P"}), {"P": {"settings": {}}})


def test_the_filters_are_those_of_the_model() -> None:
    """A new key would be an unexpected error."""
    keys = service_model().shape_for("JobsQueryFilterKey")
    assert isinstance(keys, StringShape)
    assert set(keys.enum) <= set(FILTERS)


def test_a_query_matches_all_filters_and_one_value_of_each() -> None:
    """As MediaConvert's guide says."""
    first, second = _job("Default"), _job("B")
    second.finish(Status.CANCELED, 1)
    jobs = [first, second]

    def find(**filters: str) -> list[Job]:
        return query_jobs(jobs, [{"key": key, "values": value.split("|")} for key, value in filters.items()])

    assert find(queue="arn:x:queues/B|C") == [second]
    assert find(status="SUBMITTED|CANCELED", videoCodec="H_264") == jobs
    assert find(audioCodec="AC3") == find(jobEngineVersionUsed="x") == find(errorCode="1010") == []
    assert find(fileInput="video.mp4", queue="Default") == [first]


@pytest.mark.parametrize("item", [{}, {"key": "queue"}, {"key": "queue", "values": ["x" * 101]}])
def test_an_invalid_filter_is_refused(item: dict[str, Any]) -> None:
    """A key, and one value or more of 100 characters at most."""
    with pytest.raises(BadRequestException, match="/filterList/0"):
        check_filters([item])
