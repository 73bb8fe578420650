"""Wraps the text of docs/cost.md. Pure."""

import textwrap


def paragraph(*pieces: str) -> list[str]:
    """Return the lines of a paragraph, and an empty one."""
    return [*textwrap.wrap(" ".join(pieces), 120, break_long_words=False, break_on_hyphens=False), ""]
