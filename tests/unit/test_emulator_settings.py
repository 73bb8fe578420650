"""Every setting of MediaConvert is applied, refused by name, or reported as without effect."""

import json
from pathlib import Path
from typing import Any

import pytest

from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.job_settings_check import parse_used_settings
from mediaconvert_emulator.recorded_settings import values
from mediaconvert_emulator.service_members import member_of, setting_members
from mediaconvert_emulator.setting_rows import ROWS, Effect, row_of
from tests.emulator_coverage import COVERAGE, applied_members, coverage, coverage_page, lost_members
from tests.emulator_examples import EXAMPLES, HLS, OUTPUT, VIDEO, Example, example_settings, parsed, with_values

H264 = f"{VIDEO}/codecSettings/h264Settings"


def test_every_member_of_the_model_is_applied_or_has_one_row() -> None:
    """A new botocore brings new members; this test names them."""
    applied = applied_members()
    neither = [member for member in setting_members() if member not in applied and row_of(member) is None]
    both = [member for member in setting_members() if member in applied and row_of(member) is not None]

    assert (neither, both) == ([], [])


def test_every_row_matches_a_member() -> None:
    """A misspelled row would leave its setting refused."""
    members = setting_members()
    for row in ROWS:
        for pattern in row.members:
            prefix = pattern.removesuffix("**")
            assert any(m == pattern or (pattern.endswith("/**") and m.startswith(prefix)) for m in members), pattern


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.pointer)
def test_two_values_of_an_applied_setting_give_different_jobs(example: Example) -> None:
    """To read a setting is not enough."""
    one, other = (parsed(settings)[0] for settings in example.jobs())

    assert one != other


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.pointer)
def test_an_applied_setting_is_read(example: Example) -> None:
    """So its row, if it has one, decides nothing."""
    settings = example.jobs()[0]
    pointers = {pointer for pointer, _ in values(settings) if pointer.startswith(example.pointer)}

    assert pointers
    assert pointers <= set(parsed(settings)[1])


def _messages(changes: dict[str, Any], *, is_strict: bool = False) -> tuple[str, ...]:
    settings = with_values(example_settings(), changes)
    return parse_used_settings(settings, is_strict=is_strict)[1]


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/adAvailOffset", 5),
        ("/inputs/0/audioSelectors/Audio Selector 1/externalAudioFileInput", "https://example.com/a.wav"),
        ("/inputs/0/captionSelectors/Captions Selector 1/sourceSettings/sourceType", "SCC"),
        (f"{HLS}/imageBasedTrickPlay", "THUMBNAIL"),
        (f"{HLS}/encryption/encryptionMethod", "SAMPLE_AES"),
        (f"{OUTPUT}/outputSettings/hlsSettings/iFrameOnlyManifest", "INCLUDE"),
        (f"{OUTPUT}/captionDescriptions", [{"captionSelectorName": "a"}]),
        (f"{VIDEO}/respondToAfd", "RESPOND"),
        (f"{VIDEO}/videoPreprocessors/deinterlacer/mode", "DEINTERLACE"),
        (f"{H264}/interlaceMode", "TOP_FIELD"),
        (f"{H264}/slowPal", "ENABLED"),
        (f"{OUTPUT}/audioDescriptions/0/remixSettings/audioDescriptionAudioChannel", 1),
        (f"{OUTPUT}/audioDescriptions/0/audioNormalizationSettings/targetLkfs", -23),
    ],
)
def test_a_setting_that_is_not_emulated_is_refused_by_name(pointer: str, value: object) -> None:
    """The message begins with the setting's pointer."""
    with pytest.raises(BadRequestException) as caught:
        _messages({pointer: value})
    assert caught.value.message.startswith(pointer)


def test_all_refused_settings_are_named_at_once() -> None:
    """As AWS joins faults."""
    with pytest.raises(BadRequestException) as caught:
        _messages({"/adAvailOffset": 5, f"{H264}/telecine": "HARD"})
    assert sorted(caught.value.message.split(" | ")) == [
        "/adAvailOffset: 5 is not emulated; 0 is",
        f"{H264}/telecine: HARD is not emulated; NONE is",
    ]


@pytest.mark.parametrize(
    ("pointer", "value", "effect"),
    [
        (f"{H264}/softness", 64, Effect.NONE_HERE),
        (f"{OUTPUT}/containerSettings/m3u8Settings/videoPid", 481, Effect.NONE_HERE),
        (f"{VIDEO}/antiAlias", "DISABLED", Effect.NONE_ON_AWS),
    ],
)
def test_a_setting_without_effect_is_a_warning_and_in_strict_mode_refused(
    pointer: str, value: object, effect: Effect
) -> None:
    """The warning has the pointer and the value."""
    (warning,) = _messages({pointer: value})
    assert warning.startswith(f"{pointer}: {value} is {effect}")
    with pytest.raises(BadRequestException, match=pointer):
        _messages({pointer: value}, is_strict=True)


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        (f"{H264}/softness", 0),
        (f"{VIDEO}/antiAlias", "ENABLED"),
        (f"{HLS}/segmentControl", "SEGMENTED_FILES"),
        ("/timecodeConfig/source", "ZEROBASED"),
        ("/outputGroups/0/name", "HLS"),
        ("/inputs/0/captionSelectors", {}),
        (f"{OUTPUT}/captionDescriptions", []),
        (f"{H264}/telecine", None),
    ],
)
def test_a_value_that_requests_nothing_else_is_accepted_in_strict_mode(pointer: str, value: object) -> None:
    """Console exports contain many such values."""
    assert _messages({pointer: value}, is_strict=True) == ()


def test_false_is_not_zero() -> None:
    """JSON's types differ, although Python's booleans are numbers."""
    with pytest.raises(BadRequestException, match="adAvailOffset"):
        _messages({"/adAvailOffset": False})


@pytest.mark.parametrize("pointer", ["/inputs/0/nothing", "/outputGroups/0/outputs/0/x/y", "/inputs/0/fileInput/x"])
def test_a_pointer_outside_the_model_has_no_member(pointer: str) -> None:
    """The request's check refuses such members before."""
    with pytest.raises(LookupError):
        member_of(pointer)


def test_the_committed_coverage_is_current_and_nothing_is_lost() -> None:
    """`make emulator-coverage` writes it; it refuses to remove an applied setting."""
    assert json.loads(COVERAGE.read_text()) == coverage()
    assert (Path(COVERAGE).parent / "COVERAGE.md").read_text() == coverage_page(coverage())


def test_an_applied_setting_that_disappears_is_found() -> None:
    """A release fails if the list of applied settings shrinks."""
    smaller = {"applied": ["/b"]}

    assert lost_members({"applied": ["/a", "/b"]}, smaller) == ["/a"]
