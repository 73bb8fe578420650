"""Which inputs get a job, from what the probe found."""

from fractions import Fraction
from typing import Any

import pytest

from worker.submission.input_rule import InputLimits
from worker.submission.probe_rule import PAUSE_S, UNANSWERED, NotProbed, ProbeOutcome, ProbeRule, Unreadable
from worker.submission.probed_input import ProbedInput, parse_probe

LIMITS = InputLimits(max_duration_s=14_400, max_side_px=8_192)
VIDEO_TEMPLATE: dict[str, Any] = {"OutputGroups": [{"Outputs": [{"AudioDescriptions": []}, {"VideoDescription": {}}]}]}
AUDIO_TEMPLATE: dict[str, Any] = {"OutputGroups": [{"Outputs": [{"AudioDescriptions": []}]}]}
HD = ProbedInput(duration_ms=60_000, video_tracks=1, audio_tracks=1, width_px=1920, height_px=1080)


def response(*tracks: dict[str, Any], **container: object) -> dict[str, Any]:
    """Return a response of Probe."""
    return {"ProbeResults": [{"Container": {"Format": "mp4", "Tracks": list(tracks), **container}}]}


def video(width: int, height: int, **track: object) -> dict[str, Any]:
    """Return a video track of the response."""
    rate = {"Numerator": 30_000, "Denominator": 1_001}
    return {
        "TrackType": "video",
        "VideoProperties": {"Width": width, "Height": height, "FrameRate": rate},
        **track,
    }


AUDIO = {"TrackType": "audio", "AudioProperties": {"Channels": 2}}


@pytest.mark.parametrize(
    ("probed", "reason", "words"),
    [
        (ProbedInput(duration_ms=14_400_001), "input_too_long", "14400 seconds long; 14400 seconds"),
        (ProbedInput(duration_ms=18_000_000), "input_too_long", "18000 seconds long; 14400 seconds"),
        (ProbedInput(video_tracks=1, width_px=8_194, height_px=2), "frame_too_large", "8194 x 2 pixels; 8192"),
        (ProbedInput(video_tracks=1, width_px=2, height_px=9_000), "frame_too_large", "2 x 9000 pixels; 8192"),
        (ProbedInput(duration_ms=9, audio_tracks=2), "no_video_track", "2 audio tracks and no video track; at least 1"),
    ],
)
def test_an_input_beyond_a_limit_is_refused(probed: ProbedInput, reason: str, words: str) -> None:
    """The error names the limit and the value that was found."""
    failure = LIMITS.refusal(probed, VIDEO_TEMPLATE)
    assert failure is not None
    assert (failure.reason, failure.code) == (reason, 422 if reason == "no_video_track" else 413)
    assert words in failure.message


@pytest.mark.parametrize(
    ("probed", "template"),
    [
        (HD, VIDEO_TEMPLATE),
        (ProbedInput(duration_ms=14_400_000, video_tracks=1, width_px=8_192, height_px=8_192), VIDEO_TEMPLATE),
        (ProbedInput(), VIDEO_TEMPLATE),
        (ProbedInput(duration_ms=9), VIDEO_TEMPLATE),
        (ProbedInput(audio_tracks=1), AUDIO_TEMPLATE),
        (ProbedInput(audio_tracks=1), {"OutputGroups": [{"Outputs": [{"Preset": "audio"}]}]}),
        (ProbedInput(audio_tracks=1), {}),
    ],
)
def test_any_other_input_gets_a_job(probed: ProbedInput, template: dict[str, Any]) -> None:
    """The limits themselves are accepted, and unknown values are no reason to refuse."""
    assert LIMITS.refusal(probed, template) is None


@pytest.mark.parametrize(
    ("probe", "probed"),
    [
        (
            response(video(1280, 720), AUDIO, Duration=12.5),
            ProbedInput(
                duration_ms=12_500,
                video_tracks=1,
                audio_tracks=1,
                width_px=1280,
                height_px=720,
                frames_per_s=Fraction(30_000, 1_001),
            ),
        ),
        (
            response(AUDIO, video(640, 360), video(1920, 1080), Duration=0.04),
            ProbedInput(
                duration_ms=40,
                video_tracks=2,
                audio_tracks=1,
                width_px=1920,
                height_px=1080,
                frames_per_s=Fraction(30_000, 1_001),
            ),
        ),
        (response({**AUDIO, "Duration": 90.0}, Duration=3.0), ProbedInput(duration_ms=90_000, audio_tracks=1)),
        (response({"TrackType": "data"}, Duration=0), ProbedInput()),
        (response(Duration=float("inf")), ProbedInput()),
        (response({"TrackType": "video"}), ProbedInput(video_tracks=1)),
        ({"ProbeResults": [{}]}, ProbedInput()),
        ({"ProbeResults": []}, ProbedInput()),
        ({}, ProbedInput()),
    ],
)
def test_a_probes_response_is_parsed(probe: dict[str, Any], probed: ProbedInput) -> None:
    """The largest video track and the longest duration count; all that is missing is unknown."""
    assert parse_probe(probe) == probed


OUTCOMES: list[ProbeOutcome] = [
    HD,
    Unreadable(),
    NotProbed(error=TimeoutError()),
    NotProbed(error=TimeoutError(), is_throttled=True),
    NotProbed(error=TimeoutError(), is_denied=True),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=str)
@pytest.mark.parametrize("is_needed", [True, False])
def test_only_a_budget_waits_for_the_answer_of_a_probe(outcome: ProbeOutcome, *, is_needed: bool) -> None:
    """A file that can't be read is an answer: it counts as the longest duration."""
    rule = ProbeRule(is_on=True, is_needed=is_needed)
    assert rule.must_wait(outcome) == (is_needed and isinstance(outcome, NotProbed))


@pytest.mark.parametrize(
    ("is_on", "is_needed", "since_throttled_s", "is_due"),
    [
        (True, False, None, True),
        (True, False, 0, False),
        (True, False, PAUSE_S - 1, False),
        (True, False, PAUSE_S, True),
        (True, True, 0, True),
        (False, False, None, False),
    ],
)
def test_probes_pause_for_a_minute_after_a_throttled_call(
    since_throttled_s: float | None, *, is_on: bool, is_needed: bool, is_due: bool
) -> None:
    """The calls that MediaConvert still accepts are for jobs, unless a budget needs the probes."""
    rule = ProbeRule(is_on=is_on, is_needed=is_needed)
    if since_throttled_s is not None:
        rule.record_throttled(now_s=1_000)
    assert rule.is_due(now_s=1_000 + (since_throttled_s or 0)) == is_due


ANSWERED = [HD, Unreadable()]
LOST = NotProbed(error=TimeoutError())


@pytest.mark.parametrize(
    ("outcomes", "is_due"),
    [
        ([LOST] * (UNANSWERED - 1), True),
        ([LOST] * UNANSWERED, False),
        ([LOST, ANSWERED[0], *[LOST] * (UNANSWERED - 1)], True),
        ([LOST, ANSWERED[1], *[LOST] * (UNANSWERED - 1)], True),
        ([NotProbed(error=TimeoutError(), is_throttled=True)], False),
    ],
)
def test_probes_pause_while_mediaconvert_answers_none(outcomes: list[ProbeOutcome], *, is_due: bool) -> None:
    """Each would delay its job by the timeout. One file that can't be probed in time pauses nothing."""
    rule, needed = ProbeRule(is_on=True), ProbeRule(is_on=True, is_needed=True)
    for outcome in outcomes:
        rule.record_probe(outcome, now_s=1_000)
        needed.record_probe(outcome, now_s=1_000)
    assert rule.is_due(now_s=1_000 + PAUSE_S - 1) == is_due
    assert rule.is_due(now_s=1_000 + PAUSE_S)
    assert needed.is_due(now_s=1_000)
