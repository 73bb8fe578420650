"""With a folder for them, the emulator's jobs survive a restart."""

from pathlib import Path

import pytest

from tests.emulator_environment import ROLE, emulator_environment, make_video, wait_until


def test_a_finished_job_keeps_its_result(aws_endpoint: str, tmp_path: Path) -> None:
    """GetJob, its metadata, its tags and its request token are those of before the restart."""
    with emulator_environment(aws_endpoint, data_dir=tmp_path / "data") as before:
        uri = before.upload(make_video(tmp_path / "f.mp4", duration_s=1), "f.mp4")
        request = before.job_request(
            uri, "f/", ClientRequestToken="token", UserMetadata={"upload": "u"}, Tags={"team": "video"}
        )
        job_id = before.mediaconvert.create_job(**request)["Job"]["Id"]
        result = before.wait_for_job(job_id)
    with emulator_environment(aws_endpoint, data_dir=tmp_path / "data") as after:
        repeated = after.mediaconvert.create_job(**request)["Job"]
        tags = after.mediaconvert.list_tags_for_resource(Arn=result["Arn"])["ResourceTags"]["Tags"]

        assert result["Status"] == "COMPLETE"
        assert after.job(job_id) == result
        assert repeated["Id"] == job_id
        assert tags == {"team": "video"}


def test_a_failed_job_keeps_its_error(aws_endpoint: str, tmp_path: Path) -> None:
    """The code and the message are in the record."""
    with emulator_environment(aws_endpoint, data_dir=tmp_path / "data") as before:
        job_id = before.create_job(f"s3://{before.inputs}/missing.mp4", "f/")
        result = before.wait_for_job(job_id)
    with emulator_environment(aws_endpoint, data_dir=tmp_path / "data") as after:
        assert result["ErrorCode"] == 1404
        assert after.job(job_id) == result


def test_a_job_in_progress_starts_again_and_a_waiting_job_follows(aws_endpoint: str, tmp_path: Path) -> None:
    """No job is lost or failed by a stop."""
    slow = {"data_dir": tmp_path / "data", "ffmpeg_preset": "veryslow", "ffmpeg_threads": 1}
    with emulator_environment(aws_endpoint, **slow) as before:
        uri = before.upload(make_video(tmp_path / "f.mp4", size="640x360", duration_s=10), "f.mp4")
        running, waiting = before.create_job(uri, "a/"), before.create_job(uri, "b/")
        wait_until(lambda: before.job(running)["Status"] == "PROGRESSING", "the first job is in progress")
    with emulator_environment(aws_endpoint, data_dir=tmp_path / "data") as after:
        assert [after.wait_for_job(job_id)["Status"] for job_id in (running, waiting)] == ["COMPLETE", "COMPLETE"]
        assert after.wait_for_final_event(running)[-1]["detail"]["status"] == "COMPLETE"


def test_a_job_of_a_queue_that_is_gone_waits_in_the_default_queue(aws_endpoint: str, tmp_path: Path) -> None:
    """Queues that requests created don't survive."""
    with emulator_environment(aws_endpoint, data_dir=tmp_path / "data") as before:
        uri = before.upload(make_video(tmp_path / "f.mp4", duration_s=1), "f.mp4")
        before.mediaconvert.create_queue(Name="Paused", Status="PAUSED")
        job_id = before.create_job(uri, "f/", Queue="Paused")
    with emulator_environment(aws_endpoint, data_dir=tmp_path / "data") as after:
        job = after.wait_for_job(job_id)

        assert (job["Status"], job["Queue"].rpartition("/")[2]) == ("COMPLETE", "Default")


def test_an_unreadable_record_is_skipped_and_logged(
    aws_endpoint: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A file of another version doesn't keep the emulator from starting."""
    folder = tmp_path / "data" / "jobs"
    folder.mkdir(parents=True)
    (folder / "1-a.json").write_text("{}")
    with emulator_environment(aws_endpoint, data_dir=tmp_path / "data") as environment:
        assert environment.mediaconvert.list_jobs()["Jobs"] == []
    assert "job.record_unreadable" in capfd.readouterr().out


def test_only_this_user_can_read_the_records(aws_endpoint: str, tmp_path: Path) -> None:
    """They contain the jobs' encryption keys."""
    with emulator_environment(aws_endpoint, data_dir=tmp_path / "data") as environment:
        environment.mediaconvert.create_queue(Name="Paused", Status="PAUSED")
        uri = f"s3://{environment.inputs}/f.mp4"
        request = environment.job_request(uri, "f/", Queue="Paused", Role=ROLE)
        job_id = environment.mediaconvert.create_job(**request)["Job"]["Id"]
    folder = tmp_path / "data" / "jobs"

    assert (folder.stat().st_mode & 0o777, (folder / f"{job_id}.json").stat().st_mode & 0o777) == (0o700, 0o600)
