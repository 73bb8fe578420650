"""The external id and the metadata that callers give to their uploads, and the limits of both."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import from_json

from service.uploads.metadata import MAX_METADATA_BYTES, MAX_PAIRS, check_metadata

NO_CONTROL_CHARACTERS = r"^[^\x00-\x1f\x7f-\x9f]+$"

ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_CONTROL_CHARACTERS)]
"""The caller's own id of a video; several uploads may have the same one."""
MetadataName = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_CONTROL_CHARACTERS)]
MetadataValue = Annotated[str, StringConstraints(max_length=MAX_METADATA_BYTES)]
Metadata = Annotated[dict[MetadataName, MetadataValue], Field(max_length=MAX_PAIRS), AfterValidator(check_metadata)]
MetadataChanges = Annotated[dict[MetadataName, MetadataValue | None], Field(max_length=2 * MAX_PAIRS)]
"""Pairs to set, or to remove."""
EXTERNAL_ID = Field(
    default=None,
    description="Your own id of the video, by which `GET /uploads` finds it; several uploads may have the same one.",
    examples=["order-4711"],
)
METADATA_TEXT = (
    f"Your own pairs of texts, up to {MAX_PAIRS}, with {MAX_METADATA_BYTES} bytes in all. Everyone who may see the job "
    "may see them; the files of the video never contain them."
)
METADATA: Any = Field(default_factory=dict, description=METADATA_TEXT, examples=[{"title": "Big Buck Bunny"}])


def _parsed(value: object) -> object:
    """Return the value that a JSON text contains; Uppy's form sends texts only."""
    return from_json(value) if isinstance(value, str) else value


class UppyLabels(BaseModel):
    """The external id and the metadata among the entries that Uppy sends; other entries are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    external_id: ExternalId | None = None
    metadata: Annotated[Metadata | None, BeforeValidator(_parsed)] = None


def uppy_labels(entries: Mapping[str, object] | None, *, place: tuple[str, ...]) -> UppyLabels:
    """Return the labels among Uppy's entries; `place` is where the request has the entries, for the error.

    Raises:
        RequestValidationError: One of them is invalid.
    """
    try:
        return UppyLabels.model_validate(entries or {})
    except ValidationError as error:
        lines = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**line, "loc": (*place, *line["loc"])} for line in lines]) from error
