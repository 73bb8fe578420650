"""The CreateJob request for one upload."""

import json
import re
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.job_claims import DEFAULTS, KEY, claim_of
from worker.submission.job_request import input_uri, job_request
from worker.submission.profile_rule import UnusableTemplateError

TEMPLATE_FILE = Path(__file__).parents[2] / "infra" / "job_template.json"
GROUP_TYPES = {
    "HLS_GROUP_SETTINGS": "HlsGroupSettings",
    "CMAF_GROUP_SETTINGS": "CmafGroupSettings",
    "DASH_ISO_GROUP_SETTINGS": "DashIsoGroupSettings",
    "FILE_GROUP_SETTINGS": "FileGroupSettings",
    "MS_SMOOTH_GROUP_SETTINGS": "MsSmoothGroupSettings",
}
MODEL = botocore.session.get_session().get_service_model("mediaconvert").operation_model("CreateJob").input_shape


def is_valid(request: dict[str, Any]) -> bool:
    """Return whether the request matches botocore's model of CreateJob."""
    assert MODEL is not None
    return not ParamValidator().validate(request, MODEL).has_errors()


def group(kind: str) -> dict[str, Any]:
    """Return an output group of this type, as a template contains it."""
    return {"OutputGroupSettings": {"Type": kind, GROUP_TYPES[kind]: {}}, "Outputs": []}


def template(*kinds: str) -> dict[str, Any]:
    """Return the settings of a template with output groups of these types."""
    return {"OutputGroups": [group(kind) for kind in kinds], "TimecodeConfig": {"Source": "ZEROBASED"}}


def settings_of(request: dict[str, Any], index: int = 0) -> dict[str, Any]:
    """Return the settings of one of the request's output groups."""
    settings = request["Settings"]["OutputGroups"][index]["OutputGroupSettings"]
    group_settings: dict[str, Any] = settings[GROUP_TYPES[settings["Type"]]]
    return group_settings


def test_the_request_from_the_projects_template_is_valid() -> None:
    """The project's own job template yields a request that matches botocore's model of CreateJob."""
    settings = json.loads(TEMPLATE_FILE.read_text())["Settings"]
    request = job_request(claim_of(), settings, DEFAULTS)
    assert is_valid(request)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_the_request_is_valid_for_any_input_file(input_file: str) -> None:
    """Token, metadata and key URI contain only the characters that the API allows."""
    request = job_request(claim_of(input_file), template("HLS_GROUP_SETTINGS"), DEFAULTS)
    assert is_valid(request)
    assert all(re.fullmatch(r"[\w .:/=+@-]{1,256}", value, re.ASCII) for value in request["UserMetadata"].values())
    assert re.fullmatch(r"[!-~]{1,64}", request["ClientRequestToken"])
    assert settings_of(request)["Encryption"]["StaticKeyProvider"]["Url"].isascii()


def test_the_request_identifies_the_job_by_claim_and_bucket() -> None:
    """The worker uses both to find the job after a crash and to ignore jobs of other programs."""
    request = job_request(claim_of(), template("HLS_GROUP_SETTINGS"), DEFAULTS)
    assert request["UserMetadata"] == {"InputBucket": "clips-in", "Claim": claim_of().claim_id}
    assert request["ClientRequestToken"] == claim_of().claim_id
    assert (request["JobTemplate"], request["Role"]) == ("clips-hls", DEFAULTS.role)
    assert request["StatusUpdateInterval"] == "SECONDS_10"


@pytest.mark.parametrize("name", ["a+b%20c.mp4", "港の朝.mp4", "a b?#.mp4"])
def test_the_input_uri_contains_the_key_unencoded(name: str) -> None:
    """MediaConvert decodes nothing, so an encoded key would name another object."""
    assert input_uri("clips-in", f"uploads/{name}") == f"s3://clips-in/uploads/{name}"


def test_the_templates_input_settings_are_kept() -> None:
    """Settings such as audio selectors and rotation come from the template; the worker sets the only input file."""
    settings = {
        **template("HLS_GROUP_SETTINGS"),
        "Inputs": [{"TimecodeSource": "ZEROBASED"}, {"TimecodeSource": "EMBEDDED"}],
    }
    request = job_request(claim_of(), settings, DEFAULTS)
    assert request["Settings"]["Inputs"] == [
        {
            "TimecodeSource": "ZEROBASED",
            "FileInput": "s3://clips-in/uploads/5e0c/harbour.mp4",
            "InputClippings": [{"EndTimecode": "04:00:00:00"}],
        }
    ]
    assert request["Settings"]["TimecodeConfig"] == {"Source": "ZEROBASED"}


def test_hls_is_encrypted_with_the_claims_key() -> None:
    """The method is AES-128 with a static key, and the key URI in playlists is the relative name of the key file."""
    encryption = settings_of(job_request(claim_of("a/Big Buck.mp4"), template("HLS_GROUP_SETTINGS"), DEFAULTS))[
        "Encryption"
    ]
    assert (encryption["EncryptionMethod"], encryption["Type"]) == ("AES128", "STATIC_KEY")
    assert encryption["StaticKeyProvider"] == {"StaticKeyValue": KEY, "Url": "Big%20Buck.key"}


def test_each_output_group_writes_to_its_own_folder() -> None:
    """The first HLS group writes to the job's folder, and each other group to a guarded folder; all names are alike."""
    request = job_request(claim_of(), template(*GROUP_TYPES), DEFAULTS)
    destinations = [settings_of(request, index)["Destination"] for index in range(len(GROUP_TYPES))]
    folder = "s3://clips-out/uploads/5e0c/harbour.mp4_20251122080000-4be1c7/"
    hls_index = list(GROUP_TYPES).index("HLS_GROUP_SETTINGS")
    assert destinations == [
        f"{folder}{'' if index == hls_index else f'guarded-files/{index}/'}harbour" for index in range(len(GROUP_TYPES))
    ]


def test_a_second_hls_group_refers_to_the_key_file_in_the_parent_folder() -> None:
    """A job has one key file, which the playlists of each group refer to by a relative path."""
    request = job_request(claim_of("a/b.mp4"), template("HLS_GROUP_SETTINGS", "HLS_GROUP_SETTINGS"), DEFAULTS)
    urls = [settings_of(request, index)["Encryption"]["StaticKeyProvider"]["Url"] for index in range(2)]
    assert urls == ["b.key", "../b.key"]


def test_a_group_without_type_specific_settings_gets_them() -> None:
    """A template may omit the group settings where it uses only defaults."""
    settings = {"OutputGroups": [{"OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS"}}]}
    request = job_request(claim_of(), settings, DEFAULTS)
    assert {"Destination", "Encryption"} <= settings_of(request).keys()


def test_a_group_of_an_unknown_type_is_unchanged() -> None:
    """The author of the template configures group types that MediaConvert may add later."""
    unknown = {"OutputGroupSettings": {"Type": "HOLOGRAM_GROUP_SETTINGS"}}
    settings = {"OutputGroups": [group("HLS_GROUP_SETTINGS"), unknown]}
    assert job_request(claim_of(), settings, DEFAULTS)["Settings"]["OutputGroups"][1] == unknown


@pytest.mark.parametrize(
    "settings", [{}, {"OutputGroups": []}, template("FILE_GROUP_SETTINGS"), template("CMAF_GROUP_SETTINGS")]
)
def test_a_template_without_an_hls_group_is_refused(settings: dict[str, Any]) -> None:
    """Such a job would have no encrypted output to play."""
    with pytest.raises(UnusableTemplateError, match="clips-hls"):
        job_request(claim_of(), settings, DEFAULTS)


def test_the_template_is_not_modified() -> None:
    """The worker reads the template once for many jobs, and one job's key must not reach the next job."""
    settings = template(*GROUP_TYPES)
    before = deepcopy(settings)
    job_request(claim_of(), settings, DEFAULTS)
    assert settings == before


@pytest.mark.parametrize(("queue", "queue_in_request"), [(None, None), ("", None), ("clips", "clips")])
def test_the_request_has_a_queue_only_if_one_is_set(queue: str | None, queue_in_request: str | None) -> None:
    """Without a queue in the request, MediaConvert uses the account's default queue."""
    defaults = replace(DEFAULTS, queue=queue)
    assert job_request(claim_of(), template("HLS_GROUP_SETTINGS"), defaults).get("Queue") == queue_in_request


def test_the_key_is_not_in_any_repr() -> None:
    """A claim or destination in a log or traceback must not reveal its key."""
    claim = claim_of()
    assert KEY not in repr(claim) + str(claim) + repr(claim.destination) + f"{[claim]}"


@pytest.mark.parametrize(
    ("max_duration_s", "end"),
    [(1, "00:00:01:00"), (14_400, "04:00:00:00"), (86_399, "23:59:59:00"), (86_400, "24:00:00:00")],
)
def test_every_job_is_clipped_at_the_longest_duration(max_duration_s: int, end: str) -> None:
    """A wrong or missing probe can't exceed the limit. The timecodes count from the first frame."""
    request = job_request(claim_of(), template("HLS_GROUP_SETTINGS"), replace(DEFAULTS, max_duration_s=max_duration_s))
    (clipped,) = request["Settings"]["Inputs"]
    assert (clipped["InputClippings"], clipped["TimecodeSource"]) == ([{"EndTimecode": end}], "ZEROBASED")
    assert is_valid(request)


def test_a_templates_own_clips_stay_within_the_limit() -> None:
    """A template may clip an intro; no clip of it may end later than the limit."""
    clips = [{"StartTimecode": "00:00:05:00", "EndTimecode": "00:01:00:00"}, {"StartTimecode": "00:02:00:00"}]
    settings = {
        **template("HLS_GROUP_SETTINGS"),
        "Inputs": [{"TimecodeSource": "EMBEDDED", "InputClippings": [*clips, {"EndTimecode": "05:00:00:00"}]}],
    }
    (clipped,) = job_request(claim_of(), settings, DEFAULTS)["Settings"]["Inputs"]
    assert clipped["TimecodeSource"] == "ZEROBASED"
    assert [clip["EndTimecode"] for clip in clipped["InputClippings"]] == ["00:01:00:00", "04:00:00:00", "04:00:00:00"]
    assert [clip.get("StartTimecode") for clip in clipped["InputClippings"]] == ["00:00:05:00", "00:02:00:00", None]
