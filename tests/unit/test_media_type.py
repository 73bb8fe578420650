"""A content type has the grammar of RFC 9110, because it becomes a header of the upload."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from service.views.bodies import ContentType

ADAPTER: TypeAdapter[str] = TypeAdapter(ContentType)


@pytest.mark.parametrize(
    "content_type",
    [
        "video/mp4",
        "video/webm;codecs=vp9",
        "video/webm;codecs=vp9,opus",
        'video/webm; codecs="vp8, opus"',
        "application/vnd.apple.mpegurl",
        "video/x-matroska ;a=b;\tc=d",
    ],
)
def test_media_types_are_accepted(content_type: str) -> None:
    """With and without parameters."""
    assert ADAPTER.validate_python(content_type) == content_type


@pytest.mark.parametrize(
    "content_type",
    [
        "video/mp4;\r\nx-amz-acl: public-read",
        "video/mp4\n",
        "video/mp4; a=b\n",
        "video",
        "video/",
        "/mp4",
        "video/mp4;",
        "video/mp4;a",
        "video/mp4; a=\x1b[2J",
        "video/mp4\x00",
        "vidéo/mp4",
        'video/mp4; a="b',
        "video/mp4/x",
        "video /mp4",
    ],
)
def test_anything_else_is_refused(content_type: str) -> None:
    """A line break would begin another header."""
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(content_type)


@given(st.text(max_size=30))
def test_no_accepted_type_contains_a_control_character(text: str) -> None:
    """Whatever the text is."""
    try:
        accepted = ADAPTER.validate_python(f"video/mp4;{text}")
    except ValidationError:
        return
    assert accepted.replace("\t", "").isprintable()
