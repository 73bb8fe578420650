"""docs/settings.md lists the settings and their defaults."""

import re
from pathlib import Path

import pytest

from service.settings import ServiceSettings
from transcode.settings import EnvironmentSettings
from worker.settings import WorkerSettings

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
DEFAULT_IN_WORDS = {"UPLOAD_CONTENT_TYPES", "UPLOAD_AUDIO_TYPES", "AUDIO_PROFILES"}
"""Settings whose default the document describes in words."""


def documented() -> dict[str, str]:
    """Return the documented default of each variable."""
    return dict(
        re.findall(r"^\| `([A-Z0-9_]+)` \| *`?([^`|]*?)`? *\|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    )


@pytest.mark.parametrize("settings", [ServiceSettings, WorkerSettings])
def test_every_setting_is_documented_with_its_default(settings: type[EnvironmentSettings]) -> None:
    """A new or renamed setting, or a changed default, needs a change of the document."""
    documented_defaults = documented()
    for name, field in settings.model_fields.items():
        default = "" if field.is_required() or field.default in (None, ()) else str(field.default)
        assert name.upper() in DEFAULT_IN_WORDS or documented_defaults.get(name.upper(), "missing") == default, name


def test_every_documented_setting_exists() -> None:
    """A setting that is removed must be removed from the document too."""
    known = {name.upper() for name in (*ServiceSettings.model_fields, *WorkerSettings.model_fields)}
    assert set(documented()) <= known
