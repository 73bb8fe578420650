"""The emulator's events are MediaConvert's in shape and order, and stray when told to."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.emulator_laboratory import Laboratory, ffmpeg, film, laboratory, until

METADATA = {"claim": "abc-123"}


@pytest.fixture(scope="module")
def lab(aws_endpoint: str) -> Iterator[Laboratory]:
    """One emulator for all tests here; its SECONDS_10 last 100 ms."""
    with laboratory(aws_endpoint, time_factor=100) as lab:
        yield lab


@pytest.fixture(scope="module")
def long_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film that takes a second or two."""
    return film(tmp_path_factory.mktemp("films") / "long.mp4", size="1280x720", duration_s=15)


def test_a_jobs_events_tell_its_story(lab: Laboratory, long_film: Path) -> None:
    """PROGRESSING, updates that grow, what it found, COMPLETE; later timestamps each, the metadata in all."""
    job_id = lab.create(lab.upload(long_film, "story.mp4"), "story/", UserMetadata=METADATA)
    events = lab.events_to_the_end(job_id)
    details = [event["detail"] for event in events]
    updates = [detail for detail in details if detail["status"] == "STATUS_UPDATE"]

    statuses = [detail["status"] for detail in details]
    found = ["INPUT_INFORMATION", "NEW_WARNING"]
    assert statuses == ["PROGRESSING", *["STATUS_UPDATE"] * len(updates), *found, "COMPLETE"]
    assert len(updates) >= 3
    timestamps = [detail["timestamp"] for detail in details]
    assert timestamps == sorted(set(timestamps))
    shares = [update["jobProgress"]["jobPercentComplete"] for update in updates]
    assert shares == sorted(shares)
    assert any(0 < share < 100 for share in shares)
    assert updates[-1]["framesDecoded"] > 0
    assert {event["detail-type"] for event in events} == {"MediaConvert Job State Change"}
    assert all(event["resources"][0].endswith(f":jobs/{job_id}") for event in events)
    assert all(detail["userMetadata"] == METADATA for detail in details)


def test_a_warning_says_which_outputs_were_left_out(lab: Laboratory, tmp_path: Path) -> None:
    """In words before COMPLETE, and by its code in COMPLETE."""
    job_id = lab.create(lab.upload(film(tmp_path / "f.mp4", size="320x180"), "small.mp4"), "small/")
    details = {event["detail"]["status"]: event["detail"] for event in lab.events_to_the_end(job_id)}
    warning = details["NEW_WARNING"]

    assert warning["timestamp"] < details["COMPLETE"]["timestamp"]
    assert "left out" in warning["warningMessage"]
    assert details["COMPLETE"]["warnings"] == [{"code": int(warning["warningCode"]), "count": 1}]


def test_status_updates_have_every_phase(lab: Laboratory, long_film: Path) -> None:
    """An update in the middle says which phase is done, running and pending."""
    job_id = lab.create(lab.upload(long_film, "phases.mp4"), "phases/")
    details = [event["detail"] for event in lab.events_to_the_end(job_id)]
    update = next(d for d in details if d.get("jobProgress", {}).get("currentPhase") == "TRANSCODING")
    phases = update["jobProgress"]["phaseProgress"]

    assert phases["PROBING"] == {"status": "COMPLETE", "percentComplete": 100}
    assert phases["TRANSCODING"]["status"] == "PROGRESSING"
    assert phases["UPLOADING"] == {"status": "PENDING", "percentComplete": 0}
    assert update["jobProgress"]["retryCount"] == 0


def test_input_information_describes_the_input(lab: Laboratory, tmp_path: Path) -> None:
    """Codec, size, rate, channels, in MediaConvert's words."""
    job_id = lab.create(lab.upload(film(tmp_path / "f.mp4"), "info.mp4"), "info/")
    events = lab.events_to_the_end(job_id)
    details = next(e["detail"]["inputDetails"] for e in events if e["detail"]["status"] == "INPUT_INFORMATION")

    (video,), (audio,) = details[0]["video"], details[0]["audio"]
    assert details[0]["uri"] == f"s3://{lab.inputs}/info.mp4"
    assert (video["codec"], video["width"], video["height"], video["frameRate"]) == ("H_264", 320, 180, 25)
    assert (audio["codec"], audio["channels"], audio["sampleRate"]) == ("AAC", 1, 44100)


@pytest.mark.parametrize("content", [b"", b"no film at all\n" * 100, b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n"])
def test_an_input_that_is_no_film_fails_with_1010(lab: Laboratory, tmp_path: Path, content: bytes) -> None:
    """Empty files, text, and playlists that would make ffmpeg read other files: none is opened."""
    path = tmp_path / "f.mp4"
    path.write_bytes(content)
    uri = lab.upload(path, f"{tmp_path.name}.mp4")
    job_id = lab.create(uri, "unreadable/")
    detail = lab.events_to_the_end(job_id)[-1]["detail"]

    assert (detail["status"], detail["errorCode"]) == ("ERROR", 1010)
    assert uri in detail["errorMessage"]
    assert str(tmp_path.parent) not in detail["errorMessage"]
    assert lab.job(job_id)["ErrorCode"] == 1010


def test_a_truncated_film_fails_with_1010(lab: Laboratory, tmp_path: Path) -> None:
    """An upload cut off before its index."""
    whole = film(tmp_path / "f.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    job_id = lab.create(lab.upload(tmp_path / "cut.mp4", "cut.mp4"), "cut/")

    assert lab.events_to_the_end(job_id)[-1]["detail"]["errorCode"] == 1010


def test_a_missing_input_fails_with_1404(lab: Laboratory) -> None:
    """The input isn't there."""
    job_id = lab.create(f"s3://{lab.inputs}/none.mp4", "none/")

    assert lab.events_to_the_end(job_id)[-1]["detail"]["errorCode"] == 1404


def test_a_missing_output_bucket_fails_with_1404(lab: Laboratory, tmp_path: Path) -> None:
    """The bucket to write to isn't there."""
    uri = lab.upload(film(tmp_path / "f.mp4"), "nowhere.mp4")
    hls = {"Destination": "s3://no-such-bucket-anywhere/x/"}
    settings = {"Inputs": [{"FileInput": uri}], "OutputGroups": [{"OutputGroupSettings": {"HlsGroupSettings": hls}}]}
    job_id = lab.create(uri, "x/", Settings=settings)

    assert lab.events_to_the_end(job_id)[-1]["detail"]["errorCode"] == 1404


def test_sound_alone_fails_with_1020(lab: Laboratory, tmp_path: Path) -> None:
    """The template wants video, and the input has none."""
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", str(tmp_path / "f.wav"))
    job_id = lab.create(lab.upload(tmp_path / "f.wav", "sound.wav"), "sound/")

    assert lab.events_to_the_end(job_id)[-1]["detail"]["errorCode"] == 1020


def test_chaos_duplicates_and_reorders_events(lab: Laboratory, long_film: Path) -> None:
    """Every event comes twice, some after later ones; the final one is never lost."""
    chaos = {"duplicate_rate": 1, "reorder_rate": 0.5, "reorder_window_s": 0.5, "drop_rate": 0, "seed": 1}
    httpx.put(f"{lab.url}/_emulator/chaos", json=chaos, trust_env=False).raise_for_status()
    try:
        job_id = lab.create(lab.upload(long_film, "chaos.mp4"), "chaos/")
        lab.finished(job_id)
        until(
            lambda: (
                set(Counter(e["detail"]["timestamp"] for e in lab.events(job_id)).values()) == {2}
                and len([e for e in lab.events(job_id) if e["detail"]["status"] == "COMPLETE"]) == 2
            ),
            "each event twice",
        )
    finally:
        httpx.put(f"{lab.url}/_emulator/chaos", json={}, trust_env=False).raise_for_status()


def test_chaos_spares_final_events_unless_asked(lab: Laboratory, tmp_path: Path) -> None:
    """With everything dropped, the end is still told."""
    httpx.put(f"{lab.url}/_emulator/chaos", json={"drop_rate": 1}, trust_env=False).raise_for_status()
    try:
        job_id = lab.create(lab.upload(film(tmp_path / "f.mp4"), "dropped.mp4"), "dropped/")
        events = lab.events_to_the_end(job_id)
    finally:
        httpx.put(f"{lab.url}/_emulator/chaos", json={}, trust_env=False).raise_for_status()

    assert [event["detail"]["status"] for event in events] == ["COMPLETE"]


def test_a_wrong_chaos_is_refused(lab: Laboratory) -> None:
    """A misspelled setting doesn't pass for calm."""
    answer = httpx.put(f"{lab.url}/_emulator/chaos", json={"drop_rat": 1}, trust_env=False)

    assert answer.status_code == 400
