"""The profiles of a deployment: the names by which callers choose one of its job templates. Pure.

The service knows their names only. The worker reads the templates.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

DEFAULT_PROFILE = "hls"
"""The name of the only profile, where the settings name no profiles."""
DEFAULT_TEMPLATE = "mediaconvert-status-hls"
MAX_PROFILES = 20

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """The names of the job templates, by profile, and the profile of uploads that name none."""

    templates: Mapping[str, str]
    default: str

    @property
    def names(self) -> Sequence[str]:
        """The profiles, the default one first."""
        return [self.default, *(each for each in self.templates if each != self.default)]


def profiles_of(*, template: str | None, templates: Mapping[str, str]) -> Profiles:
    """Return the profiles that MEDIACONVERT_JOB_TEMPLATE and MEDIACONVERT_JOB_TEMPLATES describe.

    Without the map, there is one profile, `hls`, with the template. With the map alone, its first profile is the
    default. With both, the default is the profile of the map that has the template.

    Raises:
        ValueError: Both are given, and no profile has the template.
    """
    if not templates:
        return Profiles(templates={DEFAULT_PROFILE: template or DEFAULT_TEMPLATE}, default=DEFAULT_PROFILE)
    if template is None:
        return Profiles(templates=templates, default=next(iter(templates)))
    default = next((name for name, each in templates.items() if each == template), None)
    if default is None:
        raise ValueError(
            f"MEDIACONVERT_JOB_TEMPLATE is {template!r}, which is no template of MEDIACONVERT_JOB_TEMPLATES: "
            "with both, it names the template of the default profile"
        )
    return Profiles(templates=templates, default=default)


def parse_templates(value: object) -> object:
    """Return the map that a JSON text contains; another value is returned unchanged.

    Raises:
        ValueError: The text is no JSON object of profiles and names of templates.
    """
    if not isinstance(value, str):
        return value
    try:
        parsed = json.loads(value, object_pairs_hook=_without_repetition)
    except json.JSONDecodeError as error:
        raise ValueError(f"this is no JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise ValueError('a JSON object is needed, such as {"hls": "name of a job template"}')  # noqa: TRY004 -- a setting
    return parsed


def check_templates(templates: Mapping[str, str]) -> Mapping[str, str]:
    """Return the map if all its names are valid.

    Raises:
        ValueError: A profile's name is invalid, a template has no name, or there are too many profiles.
    """
    if len(templates) > MAX_PROFILES:
        raise ValueError(f"at most {MAX_PROFILES} profiles are allowed")
    for profile, template in templates.items():
        if not _NAME.fullmatch(profile):
            raise ValueError(
                f"the profile {profile!r} needs a name of at most 32 lower-case letters, digits and hyphens, "
                "which begins with a letter"
            )
        if not template.strip():
            raise ValueError(f"the profile {profile!r} has no job template")
    return templates


def _without_repetition(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    parsed = dict(pairs)
    if len(parsed) < len(pairs):
        raise ValueError("a profile is named twice")
    return parsed
