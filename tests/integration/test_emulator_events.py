"""The emulator's events have MediaConvert's form and order, except with chaos settings."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.emulator_environment import EmulatorEnvironment, emulator_environment, ffmpeg, make_video, wait_until

METADATA = {"claim": "abc-123"}


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module; its SECONDS_10 last 100 ms."""
    with emulator_environment(aws_endpoint, time_factor=100) as environment:
        yield environment


@pytest.fixture(scope="module")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video that takes a second or two to transcode."""
    return make_video(tmp_path_factory.mktemp("videos") / "long.mp4", size="1280x720", duration_s=15)


def test_a_job_sends_its_events_in_order(environment: EmulatorEnvironment, long_video: Path) -> None:
    """Each event has a later timestamp and the metadata; the percentages of the updates never decrease."""
    job_id = environment.create_job(environment.upload(long_video, "order.mp4"), "order/", UserMetadata=METADATA)
    events = environment.wait_for_final_event(job_id)
    details = [event["detail"] for event in events]
    updates = [detail for detail in details if detail["status"] == "STATUS_UPDATE"]

    statuses = [detail["status"] for detail in details]
    before_complete = ["INPUT_INFORMATION", "NEW_WARNING"]
    assert statuses == ["PROGRESSING", *["STATUS_UPDATE"] * len(updates), *before_complete, "COMPLETE"]
    assert len(updates) >= 3
    timestamps = [detail["timestamp"] for detail in details]
    assert timestamps == sorted(set(timestamps))
    percentages = [update["jobProgress"]["jobPercentComplete"] for update in updates]
    assert percentages == sorted(percentages)
    assert any(0 < percentage < 100 for percentage in percentages)
    assert updates[-1]["framesDecoded"] > 0
    assert {event["detail-type"] for event in events} == {"MediaConvert Job State Change"}
    assert all(event["resources"][0].endswith(f":jobs/{job_id}") for event in events)
    assert all(detail["userMetadata"] == METADATA for detail in details)


def test_a_warning_names_the_omitted_outputs(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """NEW_WARNING has the message; COMPLETE has the code."""
    uri = environment.upload(make_video(tmp_path / "f.mp4", size="320x180"), "small.mp4")
    job_id = environment.create_job(uri, "small/")
    details = {event["detail"]["status"]: event["detail"] for event in environment.wait_for_final_event(job_id)}
    warning = details["NEW_WARNING"]

    assert warning["timestamp"] < details["COMPLETE"]["timestamp"]
    assert "left out" in warning["warningMessage"]
    assert details["COMPLETE"]["warnings"] == [{"code": int(warning["warningCode"]), "count": 1}]


def test_status_updates_contain_every_phase(environment: EmulatorEnvironment, long_video: Path) -> None:
    """An update during the transcode has a complete, a progressing and a pending phase."""
    job_id = environment.create_job(environment.upload(long_video, "phases.mp4"), "phases/")
    details = [event["detail"] for event in environment.wait_for_final_event(job_id)]
    update = next(d for d in details if d.get("jobProgress", {}).get("currentPhase") == "TRANSCODING")
    phases = update["jobProgress"]["phaseProgress"]

    assert phases["PROBING"] == {"status": "COMPLETE", "percentComplete": 100}
    assert phases["TRANSCODING"]["status"] == "PROGRESSING"
    assert phases["UPLOADING"] == {"status": "PENDING", "percentComplete": 0}
    assert update["jobProgress"]["retryCount"] == 0


def test_input_information_describes_the_input(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The codecs have MediaConvert's names."""
    job_id = environment.create_job(environment.upload(make_video(tmp_path / "f.mp4"), "info.mp4"), "info/")
    events = environment.wait_for_final_event(job_id)
    details = next(e["detail"]["inputDetails"] for e in events if e["detail"]["status"] == "INPUT_INFORMATION")

    (video,), (audio,) = details[0]["video"], details[0]["audio"]
    assert details[0]["uri"] == f"s3://{environment.inputs}/info.mp4"
    assert (video["codec"], video["width"], video["height"], video["frameRate"]) == ("H_264", 320, 180, 25)
    assert (audio["codec"], audio["channels"], audio["sampleRate"]) == ("AAC", 1, 44100)


@pytest.mark.parametrize("content", [b"", b"not a video\n" * 100, b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"])
def test_an_input_that_is_not_a_video_fails_with_1010(
    environment: EmulatorEnvironment, tmp_path: Path, content: bytes
) -> None:
    """Inputs may be empty files, text, and playlists that would make ffmpeg read other files."""
    path = tmp_path / "f.mp4"
    path.write_bytes(content)
    uri = environment.upload(path, f"{tmp_path.name}.mp4")
    job_id = environment.create_job(uri, "unreadable/")
    detail = environment.wait_for_final_event(job_id)[-1]["detail"]

    assert (detail["status"], detail["errorCode"]) == ("ERROR", 1010)
    assert uri in detail["errorMessage"]
    assert str(tmp_path.parent) not in detail["errorMessage"]
    assert environment.job(job_id)["ErrorCode"] == 1010


def test_a_truncated_video_fails_with_1010(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The uploaded file ends before its index."""
    whole = make_video(tmp_path / "f.mp4").read_bytes()
    (tmp_path / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    job_id = environment.create_job(environment.upload(tmp_path / "truncated.mp4", "truncated.mp4"), "truncated/")

    assert environment.wait_for_final_event(job_id)[-1]["detail"]["errorCode"] == 1010


def test_a_missing_input_fails_with_1404(environment: EmulatorEnvironment) -> None:
    """The error code is the one of a missing location."""
    job_id = environment.create_job(f"s3://{environment.inputs}/none.mp4", "none/")

    assert environment.wait_for_final_event(job_id)[-1]["detail"]["errorCode"] == 1404


def test_a_missing_output_bucket_fails_with_1404(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The error code is the same as for a missing input."""
    uri = environment.upload(make_video(tmp_path / "f.mp4"), "nowhere.mp4")
    hls = {"Destination": "s3://no-such-bucket-anywhere/x/"}
    settings = {"Inputs": [{"FileInput": uri}], "OutputGroups": [{"OutputGroupSettings": {"HlsGroupSettings": hls}}]}
    job_id = environment.create_job(uri, "x/", Settings=settings)

    assert environment.wait_for_final_event(job_id)[-1]["detail"]["errorCode"] == 1404


def test_an_input_without_video_fails_with_1020(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The template's outputs have video."""
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", str(tmp_path / "f.wav"))
    job_id = environment.create_job(environment.upload(tmp_path / "f.wav", "audio.wav"), "audio/")

    assert environment.wait_for_final_event(job_id)[-1]["detail"]["errorCode"] == 1020


def test_chaos_duplicates_and_reorders_events(environment: EmulatorEnvironment, long_video: Path) -> None:
    """Every event arrives twice, the final event too."""
    chaos = {"duplicate_rate": 1, "reorder_rate": 0.5, "reorder_window_s": 0.5, "drop_rate": 0, "seed": 1}
    httpx.put(f"{environment.url}/_emulator/chaos", json=chaos, trust_env=False).raise_for_status()
    try:
        job_id = environment.create_job(environment.upload(long_video, "chaos.mp4"), "chaos/")
        environment.wait_for_job(job_id)
        wait_until(
            lambda: (
                set(Counter(e["detail"]["timestamp"] for e in environment.events(job_id)).values()) == {2}
                and len([e for e in environment.events(job_id) if e["detail"]["status"] == "COMPLETE"]) == 2
            ),
            "each event twice",
        )
    finally:
        httpx.put(f"{environment.url}/_emulator/chaos", json={}, trust_env=False).raise_for_status()


def test_chaos_does_not_drop_final_events_by_default(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """With a drop rate of 1 only the final event arrives."""
    httpx.put(f"{environment.url}/_emulator/chaos", json={"drop_rate": 1}, trust_env=False).raise_for_status()
    try:
        job_id = environment.create_job(environment.upload(make_video(tmp_path / "f.mp4"), "dropped.mp4"), "dropped/")
        events = environment.wait_for_final_event(job_id)
    finally:
        httpx.put(f"{environment.url}/_emulator/chaos", json={}, trust_env=False).raise_for_status()

    assert [event["detail"]["status"] for event in events] == ["COMPLETE"]


def test_an_unknown_chaos_setting_is_refused(environment: EmulatorEnvironment) -> None:
    """Otherwise a misspelled setting would have no effect."""
    response = httpx.put(f"{environment.url}/_emulator/chaos", json={"drop_rat": 1}, trust_env=False)

    assert response.status_code == 400
