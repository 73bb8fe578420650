"""The limits of the external ids and the metadata that callers give to their uploads."""

from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from service.uploads.metadata import MAX_METADATA_BYTES, MAX_PAIRS
from service.views.bodies import UploadRequest
from service.views.labels import uppy_labels

UPLOAD = {"file_name": "a.mp4", "content_type": "video/mp4", "size_bytes": 1}
FULL = {"a": "é" * ((MAX_METADATA_BYTES - 2) // 2), "b": ""}


@pytest.mark.parametrize(
    "labels",
    [
        {"external_id": "x" * 255},
        {"external_id": "заказ 4711"},
        {"metadata": {str(number): "" for number in range(MAX_PAIRS)}},
        {"metadata": FULL},
    ],
)
def test_an_upload_may_have_these_labels(labels: dict[str, Any]) -> None:
    """The service keeps them unchanged."""
    upload = UploadRequest.model_validate({**UPLOAD, **labels})
    assert upload.model_dump(include=set(labels)) == labels


@pytest.mark.parametrize(
    "labels",
    [
        {"external_id": ""},
        {"external_id": "x" * 256},
        {"external_id": "a\nb"},
        {"external_id": "a\x9f"},
        {"external_id": 4711},
        {"metadata": {str(number): "" for number in range(MAX_PAIRS + 1)}},
        {"metadata": {**FULL, "b": "xx"}},
        {"metadata": {"": "a"}},
        {"metadata": {"a\x00": "a"}},
        {"metadata": {"a": 1}},
        {"metadata": {"a": None}},
        {"metadata": ["a"]},
    ],
)
def test_other_labels_are_refused_by_name(labels: dict[str, Any]) -> None:
    """The error names the field, in a request of this API and in one of Uppy's."""
    (name,) = labels
    with pytest.raises(ValidationError) as refused:
        UploadRequest.model_validate({**UPLOAD, **labels})
    assert {line["loc"][0] for line in refused.value.errors()} == {name}
    with pytest.raises(RequestValidationError) as refused_of_uppy:
        uppy_labels(labels, place=("body", "metadata"))
    assert {line["loc"][:3] for line in refused_of_uppy.value.errors()} == {("body", "metadata", name)}


@pytest.mark.parametrize("metadata", ['{"title": "ä"}', {"title": "ä"}])
def test_uppy_may_send_metadata_as_an_object_or_as_a_json_text(metadata: object) -> None:
    """Its form sends texts only."""
    labels = uppy_labels({"size": 5, "metadata": metadata, "external_id": "7"}, place=("body",))
    assert (labels.external_id, labels.metadata) == ("7", {"title": "ä"})


def test_uppys_entries_need_no_labels() -> None:
    """All are optional."""
    labels = uppy_labels(None, place=("body",))
    assert (labels.external_id, labels.metadata) == (None, None)
