"""A file that crashes or blocks the emulator's child processes fails only its own job."""

import asyncio
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from mediaconvert_emulator.probe_process import (
    ENVIRONMENT,
    MediaUnreadable,
    ProbeCrashed,
    ProbeLimits,
    ProbeProcess,
    ProbeTimedOut,
)
from tests.emulator_environment import EmulatorEnvironment, emulator_environment, make_video

FFMPEG_WITH_FAULTS = """#!/bin/sh
grep -q hangs input && exec sleep 1000
grep -q crashes input && kill -SEGV $$
if grep -q fills input; then head -c 3000000 /dev/zero > filler || exit 1; fi
exec {ffmpeg} "$@"
"""


@pytest.fixture(scope="module")
def environment(aws_endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatorEnvironment]:
    """Yield an emulator whose ffmpeg hangs, crashes or writes too much, if the input says so."""
    program = tmp_path_factory.mktemp("bin") / "ffmpeg"
    program.write_text(FFMPEG_WITH_FAULTS.format(ffmpeg=get_ffmpeg_exe()))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with emulator_environment(
        aws_endpoint, ffmpeg_binary=str(program), stall_timeout_s=4, child_file_mb=2, concurrency=4
    ) as environment:
        yield environment


def test_the_probe_is_found_where_the_emulator_is_not_installed(tmp_path: Path) -> None:
    """An image may have the package's folder only. `-S` leaves out what is installed here."""
    find = "import importlib.util as found; print(found.find_spec('mediaconvert_emulator.child_limits').origin)"
    done = subprocess.run(
        [sys.executable, "-P", "-S", "-c", find],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).is_file()


def test_a_fault_of_ffmpeg_fails_only_its_own_job(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The jobs that run at the same time complete, and the codes are MediaConvert's."""
    job_ids = {}
    for title in ("hangs", "crashes", "fills", "plays"):
        path = make_video(tmp_path / f"{title}.mp4", "-metadata", f"title={title}", duration_s=1)
        job_ids[title] = environment.create_job(environment.upload(path, f"faults/{title}.mp4"), f"faults/{title}/")
    jobs = {title: environment.wait_for_job(job_id) for title, job_id in job_ids.items()}

    assert jobs["plays"]["Status"] == "COMPLETE"
    codes = {title: jobs[title]["ErrorCode"] for title in ("hangs", "crashes", "fills")}
    assert codes == {"hangs": 1522, "crashes": 1999, "fills": 1999}


def test_an_input_whose_probe_takes_too_long_fails_its_job(aws_endpoint: str, tmp_path: Path) -> None:
    """The emulator goes on: its API responds, and the next job is accepted."""
    with emulator_environment(aws_endpoint, probe_timeout_s=0.001) as environment:
        uri = environment.upload(make_video(tmp_path / "f.mp4", duration_s=1), "slow/f.mp4")
        for _ in range(2):
            job = environment.wait_for_job(environment.create_job(uri, "slow/"))
            assert (job["Status"], job["ErrorCode"]) == ("ERROR", 1522)


def test_an_input_that_needs_too_much_memory_fails_its_job(aws_endpoint: str, tmp_path: Path) -> None:
    """A child process can't take the memory of the server and of other jobs."""
    with emulator_environment(aws_endpoint, child_memory_mb=256) as environment:
        path = make_video(tmp_path / "f.mp4", size="4096x4096", duration_s=0.2)
        job = environment.wait_for_job(environment.create_job(environment.upload(path, "large/f.mp4"), "large/"))
        assert (job["Status"], job["ErrorCode"]) == ("ERROR", 1999)


@pytest.mark.parametrize(
    ("memory_mb", "timeout_s", "error"),
    [(20, 30.0, ProbeCrashed), (1000, 0.2, ProbeTimedOut), (1000, 30.0, MediaUnreadable)],
)
def test_the_end_of_a_probe_says_why(tmp_path: Path, memory_mb: int, timeout_s: float, error: type[Exception]) -> None:
    """A process that reads from a pipe without a writer waits forever, and one without memory can't start."""
    path = tmp_path / "f.mp4"
    if error is ProbeTimedOut:
        os.mkfifo(path)
    else:
        path.write_text("not a video")
    limits = ProbeLimits(memory_bytes=memory_mb << 20, timeout_s=timeout_s)

    async def run() -> None:
        async with ProbeProcess(limits) as process:
            await process.media(path)

    with pytest.raises(error):
        asyncio.run(run())


def test_a_probe_that_is_not_used_leaves_no_process() -> None:
    """A job may fail before its input is there."""

    async def run() -> int | None:
        async with ProbeProcess(ProbeLimits(memory_bytes=1 << 30, timeout_s=30)) as process:
            started = await process.start()
        return started.returncode

    assert asyncio.run(run()) is not None


def test_an_input_that_does_not_exist_needs_no_process(
    environment: EmulatorEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its probe is refused, and its job ends, at once."""
    uri, started = f"s3://{environment.inputs}/none.mp4", list[ProbeProcess]()
    monkeypatch.setattr(ProbeProcess, "start", started.append)
    with pytest.raises(environment.mediaconvert.exceptions.NotFoundException):
        environment.mediaconvert.probe(InputFiles=[{"FileUrl": uri}])
    job = environment.wait_for_job(environment.create_job(uri, "none/"))
    assert (job["ErrorCode"], started) == (1404, [])
