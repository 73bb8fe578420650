"""The one tree of errors that callers can meet."""

import re
from collections.abc import Iterator

import pytest

from transcode.errors import TranscodeError


def tree(error: type[TranscodeError]) -> Iterator[type[TranscodeError]]:
    """The error and all beneath it."""
    yield error
    for child in error.__subclasses__():
        yield from tree(child)


ERRORS = sorted(tree(TranscodeError), key=lambda error: error.code)


def test_codes_are_unique() -> None:
    """A front end tells errors apart by them; a class that only groups others may have the code of one of them."""
    raised = [error.code for error in ERRORS if error is TranscodeError or not error.__subclasses__()]
    assert sorted(set(raised)) == raised


def test_codes_are_stable() -> None:
    """They are part of the API: one may be added here, none may change."""
    assert {error.code: error.http_status for error in ERRORS}.items() >= {
        ("internal_error", 500),
        ("upload_not_found", 404),
        ("job_not_found", 404),
        ("upload_too_large", 413),
        ("unsupported_content_type", 415),
        ("aws_unavailable", 503),
    }


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_every_error_has_a_code_a_status_and_a_sentence(error: type[TranscodeError]) -> None:
    """The sentence is what a caller reads where there is nothing more exact to say."""
    sentence = (error.__doc__ or "").strip()
    assert re.fullmatch(r"[a-z_]+", error.code)
    assert 400 <= error.http_status < 600
    assert re.fullmatch(r"[A-Z][^\n]*\.", sentence)
    assert str(error()) == sentence


def test_an_error_may_say_more() -> None:
    """In place of the sentence, not beside it."""
    assert str(TranscodeError("exactly this")) == "exactly this"
