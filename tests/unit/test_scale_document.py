"""docs/scale.md has the tables that the code computes, and every goal was reached when it was written."""

import itertools
import sys
from pathlib import Path

import pytest

from bench.scale.__main__ import main
from bench.scale.needs import SCALES, breaks, need, submission_settings
from bench.scale.scale_report import breaks_table, head, needs_table

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")


def test_the_computed_tables_are_up_to_date() -> None:
    """`make scale` writes the document."""
    assert DOCUMENT.startswith("\n".join([*head(), *needs_table(), *breaks_table()]))


def test_the_command_has_a_help_that_simulates_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what the command does; a simulation would write the document again."""
    monkeypatch.setattr(sys, "argv", ["scale", "--help"])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr()
    assert (ended.value.code, shown.err) == (0, "")
    assert shown.out.startswith("usage: python -m bench.scale")


def test_no_goal_is_missed() -> None:
    """`make scale` marks a missed goal."""
    assert "## Goals" in DOCUMENT
    assert "missed" not in DOCUMENT


def test_a_larger_scale_needs_more_of_everything() -> None:
    """No quota, task or dollar falls with the load."""
    needs = [need(scale) for scale in SCALES]
    for small, large in itertools.pairwise(needs):
        assert small.calls_per_s <= large.calls_per_s
        assert small.concurrent_jobs < large.concurrent_jobs
        assert (small.submitters, small.backlog) <= (large.submitters, large.backlog)
        assert small.usd < large.usd


def test_mediaconverts_limits_are_reached_first() -> None:
    """Both are quotas that AWS raises on request, so an account should request them first."""
    first, second = breaks()[:2]
    assert {first.limit, second.limit} == {"MediaConvert's concurrent jobs", "MediaConvert's calls a second"}


def test_the_settings_of_submission_are_the_defaults_at_a_low_rate() -> None:
    """A deployment of any usual size changes nothing."""
    assert submission_settings(2) == (2, 100)
    assert submission_settings(50) == (2, 500)
    assert submission_settings(250) == (3, 2_500)
