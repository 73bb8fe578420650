"""Which job templates are refused, because their outputs could be read without a cookie."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from local import cloudformation_template as templates
from local.playback_access import is_guarded
from transcode.guarded_files import GUARDED_FOLDER
from transcode.profiles import Profiles
from worker.claim import Claim, Destination
from worker.submission.job_request import JobDefaults, job_request
from worker.submission.profile_rule import UnusableTemplateError, check_template

INFRA = Path(__file__).parents[2] / "infra"
SOURCES = sorted(INFRA.glob("job_template*.json"))
HLS: dict[str, Any] = json.loads((INFRA / "job_template.json").read_text(encoding="utf-8"))["Settings"]
FOLDER = "uploads/5e0c/harbour.mp4_20251122080000-4be1c7/"


def changed(group: int, **settings: object) -> dict[str, Any]:
    """Return the project's template with other settings of one group."""
    made = deepcopy(HLS)
    groups = made["OutputGroups"][group]["OutputGroupSettings"]
    groups[{"HLS_GROUP_SETTINGS": "HlsGroupSettings"}.get(groups["Type"], "FileGroupSettings")] |= settings
    return made


def with_captions() -> dict[str, Any]:
    """Return the project's template with captions in the HLS group."""
    made = deepcopy(HLS)
    captions = [{"DestinationSettings": {"DestinationType": "WEBVTT"}}]
    made["OutputGroups"][0]["Outputs"].append({"NameModifier": "_en", "CaptionDescriptions": captions})
    return made


def with_unknown_group() -> dict[str, Any]:
    """Return the project's template with a group of a type that AWS may add."""
    made = deepcopy(HLS)
    made["OutputGroups"].append({"OutputGroupSettings": {"Type": "HOLOGRAM_GROUP_SETTINGS"}, "Outputs": []})
    return made


def public(acl: str) -> dict[str, Any]:
    """Return the destination settings with this access."""
    return {"DestinationSettings": {"S3Settings": {"AccessControl": {"CannedAcl": acl}}}}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_the_projects_own_templates_are_safe(source: Path) -> None:
    """Each profile of infra/ can be used with cookies."""
    settings = json.loads(source.read_text(encoding="utf-8"))["Settings"]
    check_template("own", settings, needs_cookies=True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (changed(1, **public("PUBLIC_READ")), "group 1 has the S3 access PUBLIC_READ"),
        (changed(0, **public("AUTHENTICATED_READ")), "group 0 has the S3 access AUTHENTICATED_READ"),
        (changed(0, ImageBasedTrickPlay="THUMBNAIL"), "pictures for trick play"),
        (with_captions(), "WebVTT captions"),
        (with_unknown_group(), "HOLOGRAM_GROUP_SETTINGS"),
    ],
)
def test_outputs_that_need_no_cookie_are_refused_only_where_cookies_are_needed(
    settings: dict[str, Any], words: str
) -> None:
    """The error says which group is the reason."""
    check_template("own", settings, needs_cookies=False)
    with pytest.raises(UnusableTemplateError, match=words):
        check_template("own", settings, needs_cookies=True)


def test_owners_may_have_access_by_acl() -> None:
    """It opens the files to no reader of ours."""
    check_template("own", changed(1, **public("BUCKET_OWNER_FULL_CONTROL")), needs_cookies=True)


@pytest.mark.parametrize("needs_cookies", [True, False])
def test_a_template_without_hls_is_refused(needs_cookies: bool) -> None:  # noqa: FBT001 -- a parameter of the test
    """Its jobs would have nothing to encrypt and play."""
    with pytest.raises(UnusableTemplateError, match="no HLS output group"):
        check_template("own", {"OutputGroups": HLS["OutputGroups"][1:]}, needs_cookies=needs_cookies)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_every_group_of_a_job_is_encrypted_or_guarded(source: Path) -> None:
    """The key of each object of the other groups needs a cookie."""
    defaults = JobDefaults(
        input_bucket="clips-in",
        output_bucket="clips-out",
        role="arn:aws:iam::111122223333:role/MediaConvert",
        profiles=Profiles(templates={"hls": "a"}, default="hls"),
        queue=None,
        status_update_interval_s=10,
        max_duration_s=60,
    )
    destination = Destination(
        input_file="uploads/5e0c/harbour.mp4", output_path=FOLDER, key_file="harbour.key", key_value="5a" * 16
    )
    claim = Claim(claim_id="c", destination=destination, claimed_ms=0, lease_token="t" * 16, lease_until_ms=0)
    settings = json.loads(source.read_text(encoding="utf-8"))["Settings"]
    for group in job_request(claim, settings, defaults)["Settings"]["OutputGroups"]:
        own = next(value for name, value in group["OutputGroupSettings"].items() if name != "Type")
        is_encrypted = own.get("Encryption", {}).get("EncryptionMethod") == "AES128"
        assert is_encrypted or is_guarded(own["Destination"].removeprefix("s3://clips-out/"))


def test_cloudfront_guards_the_folder_by_a_pattern_without_slashes_around_its_name() -> None:
    """S3 decodes `%2F`, and CloudFront's patterns don't match it with a slash."""
    edge = templates.parse((INFRA / "edge.yaml").read_text(encoding="utf-8"))
    config = edge["Resources"]["Distribution"]["Properties"]["DistributionConfig"]
    patterns = [each["PathPattern"]["Fn::Sub"][0] for each in config["CacheBehaviors"] if "TrustedKeyGroups" in each]
    assert patterns == ["/${UploadPrefix}*.key", f"/${{UploadPrefix}}*{GUARDED_FOLDER}*"]
    assert GUARDED_FOLDER.replace("-", "").isalpha()
