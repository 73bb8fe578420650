"""The emulator puts values in the place of MediaConvert's format identifiers, and checks the selected tracks."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from mediaconvert_emulator.errors import SettingsUnusable
from mediaconvert_emulator.format_identifiers import resolve_names
from mediaconvert_emulator.media import Media
from mediaconvert_emulator.parse_job_settings import parse_settings
from mediaconvert_emulator.renditions import NO_SIDECARS, Rendition, RenditionPlan, VideoEncoding
from mediaconvert_emulator.selected_tracks import check_selected_tracks
from mediaconvert_emulator.sizing import PictureSize
from mediaconvert_emulator.spec import JobSpec
from tests.emulator_examples import ALTERNATE, FILES, HLS, OUTPUT, SELECTORS, example_settings, with_values

STARTED_MS = 1_700_000_000_000  # 2023-11-14 22:13:20 UTC
MEDIA = Media.__new__(Media)


def _plan(spec: JobSpec) -> RenditionPlan:
    """Return a plan with 640x360 pictures at 29.97 frames a second."""
    renditions = [
        Rendition(
            local_name=f"0-{number}",
            group_index=0,
            output=output,
            video=VideoEncoding(
                spec=output.video,
                picture=PictureSize(scaled=(640, 360), framed=(640, 360)),
                frame_rate=Fraction(30_000, 1001),
                keyframe_interval_s=2,
            )
            if output.video
            else None,
            audios=output.audios,
            segment_s=6,
        )
        for number, output in enumerate(spec.groups[0].outputs)
    ]
    return RenditionPlan(
        renditions=tuple(renditions),
        rotation_degrees=0,
        warnings=(),
        media=MEDIA,
        sidecars=NO_SIDECARS,
        spans=(),
        is_clipped=False,
    )


def _resolved(changes: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    spec = parse_settings(with_values(example_settings(), changes))
    spec, plan = resolve_names(spec, _plan(spec), STARTED_MS)
    names = [(each.output.name_modifier, each.output.segment_modifier) for each in plan.renditions]
    return spec.groups[0].destination, names


@pytest.mark.parametrize(
    ("modifier", "expected"),
    [
        ("_$dt$", "_20231114T221320"),
        ("_$d$-$t$", "_20231114-221320"),
        ("_$fn$", "_video"),
        ("_$w$x$h$", "_640x360"),
        ("_$h$p$f$", "_360p29"),
        ("_$w%06$", "_000640"),
        ("_$rv$_$ra$_$rc$", "_1000_96_1096"),
        ("_$ex$", "_m3u8"),
        ("_$$5_$$", "_$5_$"),
        ("_$x$", "_$x$"),
        ("_100$", "_100$"),
    ],
)
def test_a_name_modifier_has_the_values_of_its_output(modifier: str, expected: str) -> None:
    """So has a segment modifier. Unknown identifiers are part of the name."""
    changes = {f"{OUTPUT}/nameModifier": modifier, f"{OUTPUT}/outputSettings/hlsSettings/segmentModifier": modifier}
    assert _resolved(changes)[1][0] == (expected, expected)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("s3://out/$dt$/$fn$", "s3://out/20231114T221320/video"),
        ("s3://out/$d$/", "s3://out/20231114/"),
        ("s3://out/c$100$d%20/", "s3://out/c$100$d%20/"),
    ],
)
def test_a_destination_has_dates_and_the_inputs_name(destination: str, expected: str) -> None:
    """Other dollars are part of users' file names."""
    assert _resolved({f"{HLS}/destination": destination})[0] == expected


def test_two_outputs_with_the_same_resolved_name_are_an_error() -> None:
    """Their files would overwrite each other. The job's settings don't show it before the input is known."""
    modifiers = {f"{OUTPUT}/nameModifier": "_$fn$", f"{ALTERNATE}/nameModifier": "_video"}
    with pytest.raises(SettingsUnusable, match="Duplicate output path"):
        _resolved(modifiers)


def test_an_output_that_would_overwrite_the_input_is_an_error_of_the_job() -> None:
    """AWS finds it when the job runs, too."""
    changes = FILES | {"/inputs/0/fileInput": "s3://out/file_v.mp4"}
    with pytest.raises(SettingsUnusable) as caught:
        _resolved(changes)
    assert caught.value.message == "Duplicate input and output path [s3://out/file_v.mp4] found in job."
    assert caught.value.code == 1040


@pytest.mark.parametrize(("tracks", "is_missing"), [([1], False), ([2], True), (None, False)])
def test_a_selected_track_that_is_missing_is_an_error_of_the_job(tracks: list[int] | None, is_missing: bool) -> None:  # noqa: FBT001
    """A selector without track numbers accepts an input without audio."""
    spec = parse_settings(with_values(example_settings(), {f"{SELECTORS}/Audio Selector 1/tracks": tracks}))
    media = replace_audios(1 if tracks else 0)
    if not is_missing:
        check_selected_tracks(spec, media, NO_SIDECARS)
        return
    with pytest.raises(SettingsUnusable) as caught:
        check_selected_tracks(spec, media, NO_SIDECARS)
    assert caught.value.message == (
        "Invalid audio track specified for audio_selector [1]. Audio track [2] not found in input container."
    )


def replace_audios(count: int) -> Media:
    """Return media with a number of audio tracks; their properties don't matter."""
    media = Media.__new__(Media)
    object.__setattr__(media, "audios", (None,) * count)
    return media


def test_a_video_output_plays_with_each_of_its_audio_groups() -> None:
    """The setting is a comma-separated list."""
    sets = {f"{OUTPUT}/outputSettings/hlsSettings/audioRenditionSets": "lo, hi"}
    video, audio = parse_settings(with_values(example_settings(), sets)).groups[0].outputs
    assert (video.audio_rendition_sets, audio.audio_rendition_sets) == (("lo", "hi"), ())
    assert replace(video, audio_group_id="x").audio_group_id == "x"
