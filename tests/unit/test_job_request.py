"""The CreateJob call for one upload."""

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

from worker.claim import Claim, Destination
from worker.submission.job_request import JobDefaults, UnusableTemplateError, input_uri, job_request
from worker.submission.output_names import key_file

TEMPLATE_FILE = Path(__file__).parents[2] / "infra" / "job_template.json"
KEY = "00112233445566778899aabbccddeeff"
DEFAULTS = JobDefaults(
    input_bucket="clips-in",
    output_bucket="clips-out",
    role="arn:aws:iam::123456789012:role/clips-transcode",
    template="clips-hls",
    queue=None,
    status_update_interval_s=10,
)
GROUP_TYPES = {
    "HLS_GROUP_SETTINGS": "HlsGroupSettings",
    "CMAF_GROUP_SETTINGS": "CmafGroupSettings",
    "DASH_ISO_GROUP_SETTINGS": "DashIsoGroupSettings",
    "FILE_GROUP_SETTINGS": "FileGroupSettings",
    "MS_SMOOTH_GROUP_SETTINGS": "MsSmoothGroupSettings",
}
MODEL = botocore.session.get_session().get_service_model("mediaconvert").operation_model("CreateJob").input_shape


def is_valid(request: dict[str, Any]) -> bool:
    """Whether the request fits the service's own model."""
    assert MODEL is not None
    return not ParamValidator().validate(request, MODEL).has_errors()


def claim_of(input_file: str = "uploads/5e0c/harbour.mp4") -> Claim:
    """A claim on the upload, as the table would give it."""
    return Claim(
        claim_id="0f4c1d2b3a59687766554433221100ffeeddccbb",
        destination=Destination(
            input_file=input_file,
            output_path="uploads/5e0c/harbour.mp4_20251122080000-4be1c7/",
            key_file=key_file(input_file),
            key_value=KEY,
        ),
        claimed_ms=1763798400000,
        lease_token="a1",  # noqa: S106 -- no password
        lease_until_ms=1763798460000,
    )


def group(kind: str) -> dict[str, Any]:
    """An output group of this type, as a template has it."""
    return {"OutputGroupSettings": {"Type": kind, GROUP_TYPES[kind]: {}}, "Outputs": []}


def template(*kinds: str) -> dict[str, Any]:
    """The settings of a template with groups of these types."""
    return {"OutputGroups": [group(kind) for kind in kinds], "TimecodeConfig": {"Source": "ZEROBASED"}}


def settings_of(request: dict[str, Any], at: int = 0) -> dict[str, Any]:
    """The settings of one of the request's output groups."""
    settings = request["Settings"]["OutputGroups"][at]["OutputGroupSettings"]
    found: dict[str, Any] = settings[GROUP_TYPES[settings["Type"]]]
    return found


def test_the_request_is_one_that_mediaconvert_takes() -> None:
    """The project's own template, filled in, fits the service's model."""
    settings = json.loads(TEMPLATE_FILE.read_text())["Settings"]
    request = job_request(claim_of(), settings, DEFAULTS)
    assert is_valid(request)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100))
def test_any_input_files_request_is_one_that_mediaconvert_takes(input_file: str) -> None:
    """Token, metadata and key reference are of the few characters that the API allows them."""
    request = job_request(claim_of(input_file), template("HLS_GROUP_SETTINGS"), DEFAULTS)
    assert is_valid(request)
    assert all(re.fullmatch(r"[\w .:/=+@-]{1,256}", value, re.ASCII) for value in request["UserMetadata"].values())
    assert re.fullmatch(r"[!-~]{1,64}", request["ClientRequestToken"])
    assert settings_of(request)["Encryption"]["StaticKeyProvider"]["Url"].isascii()


def test_the_job_is_known_by_its_claim_and_bucket() -> None:
    """By these it is found again after a crash, and told from other programs' jobs."""
    request = job_request(claim_of(), template("HLS_GROUP_SETTINGS"), DEFAULTS)
    assert request["UserMetadata"] == {"InputBucket": "clips-in", "Claim": claim_of().claim_id}
    assert request["ClientRequestToken"] == claim_of().claim_id
    assert (request["JobTemplate"], request["Role"]) == (DEFAULTS.template, DEFAULTS.role)
    assert request["StatusUpdateInterval"] == "SECONDS_10"


@pytest.mark.parametrize("name", ["a+b%20c.mp4", "港の朝.mp4", "a b?#.mp4"])
def test_the_inputs_address_has_the_key_as_it_is(name: str) -> None:
    """MediaConvert decodes nothing: an encoded key would be another object's."""
    assert input_uri("clips-in", f"uploads/{name}") == f"s3://clips-in/uploads/{name}"


def test_what_the_template_says_of_the_input_is_kept() -> None:
    """Audio selectors and rotation are the template's; the file is ours, and the only one."""
    settings = {
        **template("HLS_GROUP_SETTINGS"),
        "Inputs": [{"TimecodeSource": "ZEROBASED"}, {"TimecodeSource": "EMBEDDED"}],
    }
    request = job_request(claim_of(), settings, DEFAULTS)
    assert request["Settings"]["Inputs"] == [
        {"TimecodeSource": "ZEROBASED", "FileInput": "s3://clips-in/uploads/5e0c/harbour.mp4"}
    ]
    assert request["Settings"]["TimecodeConfig"] == {"Source": "ZEROBASED"}


def test_hls_is_encrypted_with_the_claims_key() -> None:
    """AES-128 with a static key; what playlists say of it is relative to them, and ends in the key file's name."""
    encryption = settings_of(job_request(claim_of("a/Big Buck.mp4"), template("HLS_GROUP_SETTINGS"), DEFAULTS))[
        "Encryption"
    ]
    assert (encryption["EncryptionMethod"], encryption["Type"]) == ("AES128", "STATIC_KEY")
    assert encryption["StaticKeyProvider"] == {"StaticKeyValue": KEY, "Url": "Big%20Buck.key"}


def test_every_group_writes_into_the_jobs_folder_and_none_over_another() -> None:
    """The first HLS group has the folder itself, each other group a folder in it; all take the base name."""
    request = job_request(claim_of(), template(*GROUP_TYPES), DEFAULTS)
    destinations = [settings_of(request, at)["Destination"] for at in range(len(GROUP_TYPES))]
    folder = "s3://clips-out/uploads/5e0c/harbour.mp4_20251122080000-4be1c7/"
    main = list(GROUP_TYPES).index("HLS_GROUP_SETTINGS")
    assert destinations == [f"{folder}{'' if at == main else f'{at}/'}harbour" for at in range(len(GROUP_TYPES))]


def test_a_second_hls_group_finds_the_key_file_beside_its_folder() -> None:
    """One job has one key file; each group's playlists refer to it from where they are."""
    request = job_request(claim_of("a/b.mp4"), template("HLS_GROUP_SETTINGS", "HLS_GROUP_SETTINGS"), DEFAULTS)
    urls = [settings_of(request, at)["Encryption"]["StaticKeyProvider"]["Url"] for at in range(2)]
    assert urls == ["b.key", "../b.key"]


def test_a_group_without_settings_of_its_own_gets_them() -> None:
    """A template may leave them all at their defaults."""
    settings = {"OutputGroups": [{"OutputGroupSettings": {"Type": "HLS_GROUP_SETTINGS"}}]}
    request = job_request(claim_of(), settings, DEFAULTS)
    assert {"Destination", "Encryption"} <= settings_of(request).keys()


def test_a_group_of_an_unknown_type_is_left_as_it_is() -> None:
    """What MediaConvert may add later is the template author's to fill in."""
    unknown = {"OutputGroupSettings": {"Type": "HOLOGRAM_GROUP_SETTINGS"}}
    settings = {"OutputGroups": [group("HLS_GROUP_SETTINGS"), unknown]}
    assert job_request(claim_of(), settings, DEFAULTS)["Settings"]["OutputGroups"][1] == unknown


@pytest.mark.parametrize(
    "settings", [{}, {"OutputGroups": []}, template("FILE_GROUP_SETTINGS"), template("CMAF_GROUP_SETTINGS")]
)
def test_a_template_without_hls_makes_no_job(settings: dict[str, Any]) -> None:
    """There would be nothing encrypted to play."""
    with pytest.raises(UnusableTemplateError, match="clips-hls"):
        job_request(claim_of(), settings, DEFAULTS)


def test_the_template_is_never_changed() -> None:
    """It is read once for many jobs: one job's key must not be found in the next."""
    settings = template(*GROUP_TYPES)
    before = deepcopy(settings)
    job_request(claim_of(), settings, DEFAULTS)
    assert settings == before


@pytest.mark.parametrize(("queue", "given_queue"), [(None, None), ("", None), ("clips", "clips")])
def test_a_queue_is_named_only_where_one_is_set(queue: str | None, given_queue: str | None) -> None:
    """Without one MediaConvert takes the account's default."""
    defaults = replace(DEFAULTS, queue=queue)
    assert job_request(claim_of(), template("HLS_GROUP_SETTINGS"), defaults).get("Queue") == given_queue


def test_the_key_shows_in_no_repr() -> None:
    """A claim or destination that reaches a log or a traceback doesn't give its key away."""
    claim = claim_of()
    assert KEY not in repr(claim) + str(claim) + repr(claim.destination) + f"{[claim]}"
