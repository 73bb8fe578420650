"""The class tree of the errors that callers can receive."""

import re
from collections.abc import Iterator

import pytest

import service.request_errors  # noqa: F401 -- the other module with classes of the tree
from transcode.errors import TranscodeError


def tree(error: type[TranscodeError]) -> Iterator[type[TranscodeError]]:
    """Yield the error class and all its subclasses."""
    yield error
    for child in error.__subclasses__():
        yield from tree(child)


ERRORS = sorted(tree(TranscodeError), key=lambda error: error.code)


def test_error_codes_are_unique() -> None:
    """Front ends distinguish errors by code; a class that only groups others may share the code of one of them."""
    raised = [error.code for error in ERRORS if error is TranscodeError or not error.__subclasses__()]
    assert sorted(set(raised)) == raised


def test_error_codes_are_stable() -> None:
    """Codes are part of the API: a code may be added to this list, but none may change."""
    assert {error.code: error.http_status for error in ERRORS}.items() >= {
        ("internal_error", 500),
        ("invalid_token", 401),
        ("too_many_streams", 503),
        ("upload_not_found", 404),
        ("job_not_found", 404),
        ("upload_too_large", 413),
        ("unsupported_content_type", 415),
        ("aws_unavailable", 503),
    }


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_every_error_has_a_code_a_status_and_a_sentence(error: type[TranscodeError]) -> None:
    """The sentence is the error's text where there is no more specific one."""
    sentence = (error.__doc__ or "").strip()
    assert re.fullmatch(r"[a-z_]+", error.code)
    assert 400 <= error.http_status < 600
    assert re.fullmatch(r"[A-Z][^\n]*\.", sentence)
    assert str(error()) == sentence


def test_a_specific_message_replaces_the_default_sentence() -> None:
    """The error's text is then the message alone."""
    assert str(TranscodeError("exactly this")) == "exactly this"
