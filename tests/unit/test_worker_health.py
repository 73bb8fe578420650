"""The worker is healthy if its slowest poller is."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from worker.health import MAX_HEALTHY_AGE_S, HealthFile, is_healthy


@pytest.mark.parametrize(
    ("age_s", "healthy"),
    [(0, True), (21, True), (MAX_HEALTHY_AGE_S, True), (MAX_HEALTHY_AGE_S + 1, False), (-60, True)],
)
def test_an_idle_long_poll_is_healthy_and_a_stuck_one_is_not(*, age_s: float, healthy: bool) -> None:
    """A poll of an empty queue takes 20 s; a negative age after the clock was set back counts as healthy."""
    assert is_healthy(age_s=age_s) is healthy


def test_the_health_file_has_the_time_of_the_slowest_poller(tmp_path: Path) -> None:
    """A busy poller doesn't hide a stuck one."""
    path, clock = tmp_path / "health", iter([1000, 1001, 1100, 1200, 1300])
    health_file = HealthFile(path, clock=lambda: next(clock))
    stuck, busy = health_file.add_poller(), health_file.add_poller()
    health_file.record_poll(busy)
    health_file.record_poll(busy)
    assert path.stat().st_mtime == 1000
    health_file.record_poll(stuck)
    assert path.stat().st_mtime == 1200


def test_without_a_health_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every worker runs in a container."""
    monkeypatch.chdir(tmp_path)
    HealthFile(None, clock=time.time).add_poller()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("age_s", "exit_code", "error_output"),
    [
        (20, 0, ""),
        (MAX_HEALTHY_AGE_S + 60, 1, "unhealthy: a poller has not polled its queue for 300 s\n"),
        (None, 1, "unhealthy: {} does not exist: the worker has not begun to poll\n"),
    ],
)
def test_the_check_reports_the_age_of_the_health_file(
    tmp_path: Path, age_s: float | None, exit_code: int, error_output: str
) -> None:
    """A container engine runs the check, and shows its exit code and its line."""
    path = tmp_path / "health"
    if age_s is not None:
        path.touch()
        os.utime(path, (time.time() - age_s,) * 2)
    environment = {**os.environ, "HEALTH_FILE": str(path)}
    command = [sys.executable, "-m", "worker.health"]
    check = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
    assert (check.returncode, check.stderr) == (exit_code, error_output.format(path))


def test_the_check_fails_if_no_health_file_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a check without a file would always pass."""
    monkeypatch.delenv("HEALTH_FILE", raising=False)
    check = subprocess.run([sys.executable, "-m", "worker.health"], capture_output=True, text=True, check=False)
    assert (check.returncode, check.stderr) == (1, "unhealthy: HEALTH_FILE is not set\n")
