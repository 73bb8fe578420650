"""docs/settings.md tells the truth."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from service.settings import ServiceSettings
from worker.settings import WorkerSettings

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "settings.md"
DEFAULT_IN_WORDS = {"UPLOAD_CONTENT_TYPES"}


def documented() -> dict[str, str]:
    """Each variable of the document, with its default as it stands there."""
    return dict(
        re.findall(r"^\| `([A-Z0-9_]+)` \| *`?([^`|]*?)`? *\|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    )


@pytest.mark.parametrize("settings", [ServiceSettings, WorkerSettings])
def test_every_setting_is_documented_with_its_default(settings: type[BaseSettings]) -> None:
    """A setting that is added, renamed or given another default must be told of."""
    told = documented()
    for name, field in settings.model_fields.items():
        default = "" if field.is_required() or field.default in (None, ()) else str(field.default)
        assert name.upper() in DEFAULT_IN_WORDS or told.get(name.upper(), "missing") == default, name


def test_nothing_is_documented_that_does_not_exist() -> None:
    """A setting that is gone is gone from the document too."""
    known = {name.upper() for name in (*ServiceSettings.model_fields, *WorkerSettings.model_fields)}
    assert set(documented()) <= known
