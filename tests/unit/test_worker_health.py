"""The worker's health is that of its slowest poller."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from worker.health import OLDEST_HEALTHY_S, Pulse, is_healthy


@pytest.mark.parametrize(
    ("age_s", "healthy"), [(0, True), (21, True), (OLDEST_HEALTHY_S, True), (OLDEST_HEALTHY_S + 1, False), (-60, True)]
)
def test_an_idle_long_poll_is_healthy_and_a_stuck_one_is_not(*, age_s: float, healthy: bool) -> None:
    """A poll of an empty queue takes 20 s; a clock set back makes nobody ill."""
    assert is_healthy(age_s=age_s) is healthy


def test_the_file_is_as_old_as_the_round_of_the_slowest_poller(tmp_path: Path) -> None:
    """A busy poller doesn't hide one that is stuck."""
    path, clock = tmp_path / "health", iter([1000, 1001, 1100, 1200, 1300])
    pulse = Pulse(path, clock=lambda: next(clock))
    stuck, busy = pulse.enter(), pulse.enter()
    pulse.beat(busy)
    pulse.beat(busy)
    assert path.stat().st_mtime == 1000
    pulse.beat(stuck)
    assert path.stat().st_mtime == 1200


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every worker runs in a container."""
    monkeypatch.chdir(tmp_path)
    Pulse(None, clock=time.time).enter()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("age_s", "code", "told"),
    [
        (20, 0, ""),
        (OLDEST_HEALTHY_S + 60, 1, "unhealthy: a poller has not asked its queue for 180 s\n"),
        (None, 1, "unhealthy: {} is not there: the worker has not begun to poll\n"),
    ],
)
def test_the_check_exits_with_what_the_file_tells(tmp_path: Path, age_s: float | None, code: int, told: str) -> None:
    """As a container's engine runs it: an exit code, and one line to show."""
    path = tmp_path / "health"
    if age_s is not None:
        path.touch()
        os.utime(path, (time.time() - age_s,) * 2)
    environment = {**os.environ, "HEALTH_FILE": str(path)}
    command = [sys.executable, "-m", "worker.health"]
    check = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
    assert (check.returncode, check.stderr) == (code, told.format(path))


def test_the_check_says_that_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a check that looks at nothing would pass for ever."""
    monkeypatch.delenv("HEALTH_FILE", raising=False)
    check = subprocess.run([sys.executable, "-m", "worker.health"], capture_output=True, text=True, check=False)
    assert (check.returncode, check.stderr) == (1, "unhealthy: HEALTH_FILE is not set\n")
