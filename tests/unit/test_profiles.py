"""The settings of the profiles, and the types that each profile accepts."""

import json

import pytest
from pydantic import ValidationError

from service.settings import ServiceSettings
from transcode.errors import UnknownProfileError, UnsupportedTypeError
from transcode.profiles import Profiles, profiles_of
from worker.settings import WorkerSettings

TWO = {"hls": "a", "audio": "b"}


def service_settings(**environment: str) -> ServiceSettings:
    """Return the service's settings with this environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"INPUT_BUCKET": "clips-in", "OUTPUT_BUCKET": "clips-out", **environment}.items():
            patch.setenv(name, value)
        return ServiceSettings.from_environment()


@pytest.mark.parametrize(
    ("template", "templates", "expected"),
    [
        (None, {}, Profiles(templates={"hls": "mediaconvert-status-hls"}, default="hls")),
        ("own", {}, Profiles(templates={"hls": "own"}, default="hls")),
        (None, TWO, Profiles(templates=TWO, default="hls")),
        ("b", TWO, Profiles(templates=TWO, default="audio")),
    ],
)
def test_both_settings_together_name_the_profiles_and_the_default(
    template: str | None, templates: dict[str, str], expected: Profiles
) -> None:
    """The setting of one template selects the default of several."""
    assert profiles_of(template=template, templates=templates) == expected


def test_the_default_profile_is_listed_first() -> None:
    """Front ends show the list in this order."""
    assert profiles_of(template="b", templates=TWO).names == ["audio", "hls"]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"MEDIACONVERT_JOB_TEMPLATES": "hls=a"}, "MEDIACONVERT_JOB_TEMPLATES: Value error, this is no JSON"),
        ({"MEDIACONVERT_JOB_TEMPLATES": '["hls"]'}, "a JSON object is needed"),
        ({"MEDIACONVERT_JOB_TEMPLATES": "{}"}, "MEDIACONVERT_JOB_TEMPLATES"),
        ({"MEDIACONVERT_JOB_TEMPLATES": '{"hls": ""}'}, "'hls' has no job template"),
        ({"MEDIACONVERT_JOB_TEMPLATES": '{"HLS 1": "a"}'}, "'HLS 1' needs a name"),
        ({"MEDIACONVERT_JOB_TEMPLATES": '{"hls": "a", "hls": "b"}'}, "named twice"),
        ({"MEDIACONVERT_JOB_TEMPLATES": '{"hls": 1}'}, "MEDIACONVERT_JOB_TEMPLATES"),
        (
            {"MEDIACONVERT_JOB_TEMPLATES": '{"hls": "a"}', "MEDIACONVERT_JOB_TEMPLATE": "b"},
            "no template of MEDIACONVERT_JOB_TEMPLATES",
        ),
        ({"MEDIACONVERT_JOB_TEMPLATES": json.dumps({f"p{n}": "a" for n in range(21)})}, "at most 20 profiles"),
        ({"AUDIO_PROFILES": "audio"}, "AUDIO_PROFILES"),
    ],
)
def test_a_wrong_setting_stops_the_process_by_name(environment: dict[str, str], words: str) -> None:
    """An operator reads one line."""
    with pytest.raises(ValidationError) as refused:
        service_settings(**environment)
    lines = [f"{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in refused.value.errors()]
    assert words in "; ".join(lines)


def test_only_the_audio_profile_accepts_audio() -> None:
    """It accepts videos too, of which it makes the sound."""
    acceptance = service_settings(MEDIACONVERT_JOB_TEMPLATES=json.dumps(TWO)).acceptance
    acceptance.check_type("audio/mpeg", "audio")
    acceptance.check_type("video/mp4", "audio")
    assert ".mp3" in acceptance.extensions("audio")
    assert ".mp3" not in acceptance.extensions("hls")
    with pytest.raises(UnsupportedTypeError):
        acceptance.check_type("audio/mpeg", "hls")


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    """Without a profile, an upload gets the first one."""
    acceptance = service_settings(MEDIACONVERT_JOB_TEMPLATES=json.dumps(TWO)).acceptance
    assert acceptance.profile(None) == "hls"
    assert acceptance.profile("audio") == "audio"
    with pytest.raises(UnknownProfileError, match="hls, audio"):
        acceptance.profile("Audio")


def test_service_and_worker_read_the_same_profiles() -> None:
    """Neither may refuse the other's."""
    for name in ("mediaconvert_job_template", "mediaconvert_job_templates", "playback_key_pair_id"):
        assert ServiceSettings.model_fields[name] is not None
        assert str(ServiceSettings.model_fields[name]) == str(WorkerSettings.model_fields[name])
