"""The outputs of a job and their formats on AWS's bill, from the job template and the probed input."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from transcode.billing import Billing, MadeOutput, billable_ms, billing
from transcode.job import Completed, JobWarning, Output
from worker.job_plan import JobPlan, with_cost
from worker.submission.billed_outputs import planned_outputs
from worker.submission.probed_input import ProbedInput

TEMPLATE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "infra" / "job_template.json").read_text())
MINUTE_MS = 60_000
CLIP_MS = 14_400_000


def probed(width: int = 1920, height: int = 1080, rate: str = "30", duration_ms: int = MINUTE_MS) -> ProbedInput:
    """Return an input with one video track."""
    return ProbedInput(
        duration_ms=duration_ms, video_tracks=1, width_px=width, height_px=height, frames_per_s=Fraction(rate)
    )


def template(
    video: dict[str, Any] | None = None,
    *,
    codec: str = "H_264",
    settings: dict[str, Any] | None = None,
    output: dict[str, Any] | None = None,
    **others: Any,  # noqa: ANN401 -- JSON
) -> dict[str, Any]:
    """Return a job template with one video output."""
    names = {"H_264": "H264Settings", "H_265": "H265Settings", "AV1": "Av1Settings", "FRAME_CAPTURE": "Frame"}
    description = {"CodecSettings": {"Codec": codec, names[codec]: settings or {}}, **(video or {})}
    group = {"Outputs": [{"VideoDescription": description, **(output or {})}], **others.pop("group", {})}
    return {"Settings": {"OutputGroups": [group], "Inputs": [others.pop("input", {})]}, **others}


@pytest.mark.parametrize(
    ("source", "minutes"),
    [
        (probed(), 5),
        (probed(3840, 2160), 5),
        (probed(1280, 720), 5),
        (probed(640, 360), 3),
        (probed(rate="60000/1001"), 6.25),
        (probed(rate="120"), 7.5),
        (probed(1080, 1920), 5),
    ],
)
def test_the_estimate_of_the_projects_template(source: ProbedInput, minutes: float) -> None:
    """1080p, 720p and 360p, never larger than the input, at the input's frame rate."""
    assert billable_ms(planned_outputs(TEMPLATE, source)) == minutes * MINUTE_MS


@pytest.mark.parametrize("source", [None, ProbedInput(), ProbedInput(duration_ms=1), probed(rate="240")])
def test_there_is_no_estimate_without_size_rate_and_duration(source: ProbedInput | None) -> None:
    """Not even a part of it."""
    assert billable_ms(planned_outputs(TEMPLATE, source)) is None


@pytest.mark.parametrize(
    ("job", "lines"),
    [
        (template(), 1080),
        (template({"Height": 720}), 720),
        (template({"Width": 640}), 360),
        (template({"Width": 640, "Height": 640}), 640),
        (template({"Width": 640, "Height": 640, "ScalingBehavior": "FIT"}), 360),
        (template({"Width": 3840, "Height": 2160, "ScalingBehavior": "FIT"}), 2160),
        (template({"Width": 3840, "Height": 2160, "ScalingBehavior": "FIT_NO_UPSCALE"}), 1080),
        (template({"Width": 3840, "Height": 2160, "ScalingBehavior": "STRETCH_TO_OUTPUT"}), 2160),
    ],
)
def test_the_lines_of_an_output(job: dict[str, Any], lines: int) -> None:
    """The template states them, or they follow from the input."""
    (output,) = planned_outputs(job, probed())
    assert output.height_px == lines


def sound(*descriptions: dict[str, Any]) -> dict[str, Any]:
    """Return a template with one output of sound alone."""
    return {"Settings": {"OutputGroups": [{"Outputs": [{"AudioDescriptions": list(descriptions)}]}]}}


def test_a_rendition_of_sound_beside_pictures_is_no_audio_only_output() -> None:
    """AWS's guide distinguishes the two, and publishes no price of such a rendition."""
    job = sound({"CodecSettings": {"Codec": "AAC"}})
    job["Settings"]["OutputGroups"][0]["Outputs"].append(template()["Settings"]["OutputGroups"][0]["Outputs"][0])
    assert planned_outputs(job, probed())[0].format is None


@pytest.mark.parametrize(
    ("job", "text"),
    [
        (template(), "B-AVC-S-30"),
        (template(settings={"QualityTuningLevel": "SINGLE_PASS_HQ"}), "B-AVC-SHQ-30"),
        (template(settings={"QualityTuningLevel": "MULTI_PASS_HQ"}), "P-AVC-MHQ-30"),
        (
            template(settings={"FramerateControl": "SPECIFIED", "FramerateNumerator": 50, "FramerateDenominator": 1}),
            "B-AVC-S-60",
        ),
        (template(settings={"FramerateControl": "SPECIFIED"}), "B-AVC-S-"),
        (template(settings={"BandwidthReductionFilter": {}}), "P-AVC-S-30"),
        (template(codec="H_265"), "P-HEVC-S-30"),
        (template(codec="AV1"), "P-AV1--30"),
        (template(codec="FRAME_CAPTURE"), "B-CAPTURE--"),
        (template({"VideoPreprocessors": {"ImageInserter": {}}}), "B-AVC-S-30"),
        (template({"VideoPreprocessors": {"Deinterlacer": {}}}), "P-AVC-S-30"),
        (
            template(output={"CaptionDescriptions": [{"DestinationSettings": {"DestinationType": "BURN_IN"}}]}),
            "P-AVC-S-30",
        ),
        (
            template(output={"CaptionDescriptions": [{"DestinationSettings": {"DestinationType": "WEBVTT"}}]}),
            "B-AVC-S-30",
        ),
        (template(output={"Preset": "mine"}), None),
        (template(AccelerationSettings={"Mode": "PREFERRED"}), "P-AVC-S-30"),
        (template(AccelerationSettings={"Mode": "DISABLED"}), "B-AVC-S-30"),
        (template(group={"AutomatedEncodingSettings": {}}), "P-AVC-S-30"),
        (template(input={"AdvancedInputFilter": "ENABLED"}), "P-AVC-S-30"),
        (sound({"CodecSettings": {"Codec": "AAC"}}), "P-AUD--"),
        (sound({"CodecSettings": {"Codec": "MP3"}}, {"CodecSettings": {"Codec": "AAC"}}), "P-AUD--"),
        (sound({"CodecSettings": {"Codec": "EAC3"}}), None),
        (sound({"CodecSettings": {"Codec": "AAC"}}, {"CodecSettings": {"Codec": "AC3"}}), None),
        (sound({"CodecSettings": {"Codec": "AAC"}, "AudioNormalizationSettings": {"TargetLkfs": -23}}), None),
        (sound({}), None),
        ({"Settings": {"OutputGroups": [{"Outputs": [{"CaptionDescriptions": [{}]}]}]}}, None),
    ],
)
def test_the_format_of_an_output_on_the_bill(job: dict[str, Any], text: str | None) -> None:
    """Codec, quality and features decide the tier."""
    (output,) = planned_outputs(job, probed())
    assert (str(output.format) if output.format else None) == text


def plan(**changes: object) -> JobPlan:
    """Return the plan of a job of the project's template."""
    outputs = planned_outputs(TEMPLATE, probed())
    values: dict[str, Any] = {
        "formats": [each.format for each in outputs],
        "clip_ms": CLIP_MS,
        "estimate": billing(outputs, duration_ms=MINUTE_MS, price_usd=0.0075),
        **changes,
    }
    return JobPlan(**values)


def completed(*made: MadeOutput) -> Completed:
    """Return a COMPLETE event with these outputs."""
    return Completed(job_id="1-a", time_ms=9, output=Output(path="a/"), made=made)


def renditions(duration_ms: int) -> list[MadeOutput]:
    """Return the outputs of the project's template: three videos and a poster."""
    videos = [MadeOutput(height_px=height, duration_ms=duration_ms) for height in (1080, 720, 360)]
    return [*videos, MadeOutput(height_px=720, duration_ms=6_000, is_capture=True)]


@pytest.mark.parametrize("estimate", [None, Billing(duration_ms=1), Billing(duration_ms=1, billable_ms=2)])
def test_a_plan_is_stored_in_a_row(estimate: Billing | None) -> None:
    """A format that isn't known is stored too."""
    stored = plan(estimate=estimate, formats=[*plan().formats, None])
    assert JobPlan.from_row(stored.to_row()) == stored


def test_the_outputs_that_were_made_are_billed() -> None:
    """Their own sizes and durations count, not the estimate's."""
    event = with_cost(completed(*renditions(90_000)), plan(), price_usd=0.0075)
    assert event.billed is not None
    assert (event.billed.duration_ms, event.billed.billable_minutes, event.billed.usd) == (90_000, 7.5, 0.05625)
    assert event.warnings == frozenset()


@pytest.mark.parametrize("made", [renditions(60_000)[:2], [*renditions(60_000), *renditions(60_000)]])
def test_outputs_that_the_plan_does_not_have_are_not_billed(made: list[MadeOutput]) -> None:
    """Automated ABR makes outputs that no setting names. Their formats would be guesses."""
    event = with_cost(completed(*made), plan(), price_usd=0.0075)
    assert event.billed == Billing(duration_ms=60_000)


def test_a_job_without_a_plan_has_no_cost() -> None:
    """A worker died between CreateJob and the record of it, or the job is older than this rule."""
    event = completed(*renditions(60_000))
    assert with_cost(event, None, price_usd=1) == event


@pytest.mark.parametrize(
    ("duration_ms", "is_clipped"), [(CLIP_MS - 1, False), (CLIP_MS, False), (CLIP_MS + 1, True), (CLIP_MS + 33, True)]
)
def test_a_clipped_job_says_so(duration_ms: int, *, is_clipped: bool) -> None:
    """The clip includes the frame of its end timecode, so a cut video is longer than the limit by one frame."""
    event = with_cost(completed(*renditions(duration_ms)), plan(), price_usd=None)
    warning = JobWarning(code=413, message="The video was cut after 14400 seconds, the longest that is accepted.")
    assert event.warnings == ({warning} if is_clipped else set())
