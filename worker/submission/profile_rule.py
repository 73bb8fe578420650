"""The rule for which job templates this system can use, where playback needs cookies and where it doesn't. Pure.

Key files and the guarded folder need cookies. Everyone who knows their URL can read all other objects of a job, so only
the job's own encryption protects those.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

GROUP_SETTINGS = {
    "HLS_GROUP_SETTINGS": "HlsGroupSettings",
    "CMAF_GROUP_SETTINGS": "CmafGroupSettings",
    "DASH_ISO_GROUP_SETTINGS": "DashIsoGroupSettings",
    "FILE_GROUP_SETTINGS": "FileGroupSettings",
    "MS_SMOOTH_GROUP_SETTINGS": "MsSmoothGroupSettings",
}


class UnusableTemplateError(ValueError):
    """No job can be made of the profile's template, or its outputs could be read without a cookie."""


def check_template(name: str, settings: Mapping[str, Any], *, needs_cookies: bool) -> None:
    """Check the settings of the job template of this name. `needs_cookies` is true if playback needs cookies.

    Raises:
        UnusableTemplateError: The template has no HLS group to encrypt and play, or it is unsafe; the error says why.
    """
    groups = settings.get("OutputGroups") or ()
    if all(group_type(group) != "HLS_GROUP_SETTINGS" for group in groups):
        raise UnusableTemplateError(f"job template {name} has no HLS output group")
    for reason in _readable(groups) if needs_cookies else ():
        raise UnusableTemplateError(f"job template {name} makes outputs that can be read without a cookie: {reason}")


def group_type(group: Mapping[str, Any]) -> str:
    """Return the type of an output group; an empty string if it has none."""
    return str(group.get("OutputGroupSettings", {}).get("Type", ""))


def _readable(groups: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for number, group in enumerate(groups):
        kind = group_type(group)
        if kind not in GROUP_SETTINGS:
            yield f"group {number} is of the type {kind or 'unknown'}, whose files don't go to the guarded folder"
            continue
        settings = group["OutputGroupSettings"].get(GROUP_SETTINGS[kind]) or {}
        access = ((settings.get("DestinationSettings") or {}).get("S3Settings") or {}).get("AccessControl") or {}
        if access.get("CannedAcl") in {"PUBLIC_READ", "AUTHENTICATED_READ"}:
            yield f"group {number} has the S3 access {access['CannedAcl']}"
        if kind == "HLS_GROUP_SETTINGS":
            yield from _unencrypted(number, group, settings)


def _unencrypted(number: int, group: Mapping[str, Any], settings: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts of an HLS group that AES-128 doesn't encrypt: only its media segments are encrypted."""
    if settings.get("ImageBasedTrickPlay", "NONE") != "NONE":
        yield f"group {number} has pictures for trick play, which aren't encrypted"
    for output in group.get("Outputs") or ():
        captions = output.get("CaptionDescriptions") or ()
        kinds = {(each.get("DestinationSettings") or {}).get("DestinationType") for each in captions}
        if "WEBVTT" in kinds:
            yield f"group {number} has WebVTT captions, which aren't encrypted"
