"""The emulator's operation Probe: the properties of a file, without a job."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from tests.emulator_environment import EmulatorEnvironment, emulator_environment, ffmpeg, make_video


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Yield one emulator for all tests of this module."""
    with emulator_environment(aws_endpoint) as environment:
        yield environment


def _probe(environment: EmulatorEnvironment, url: str) -> dict[str, Any]:
    """Return the result as JSON: older versions of botocore don't know all of its members."""
    body = {"inputFiles": [{"fileUrl": url}]}
    response = httpx.post(f"{environment.url}/2017-08-29/probe", json=body, trust_env=False, timeout=30)
    assert response.status_code == 200, response.text
    (result,) = response.json()["probeResults"]
    return dict(result)


def test_probe_returns_container_tracks_and_metadata(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """Tracks have indexes from 1, and the mapping names those of each kind."""
    arguments = ["-vf", "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709"]
    path = make_video(
        tmp_path / "f.mp4", *arguments, "-metadata:s:a:0", "language=deu", duration_s=2, rate="30000/1001"
    )
    result = _probe(environment, environment.upload(path, "probe/a b+c.mp4"))
    video, audio = result["container"]["tracks"]

    assert (result["container"]["format"], round(result["container"]["duration"])) == ("mp4", 2)
    assert (video["index"], video["trackType"], video["codec"]) == (1, "video", "AVC")
    assert (audio["index"], audio["trackType"], audio["codec"]) == (2, "audio", "AAC")
    expected = {
        "width": 320,
        "height": 180,
        "frameRate": {"numerator": 30000, "denominator": 1001},
        "bitDepth": 8,
        "colorPrimaries": "ITU_709",
        "matrixCoefficients": "ITU_709",
        "transferCharacteristics": "ITU_709",
    }
    assert video["videoProperties"] | expected == video["videoProperties"]
    assert video["videoProperties"]["codecMetadata"]["chromaSubsampling"] == "4:2:0"
    assert "rotation" not in video["videoProperties"]
    expected = {"channels": 1, "sampleRate": 44100, "languageCode": "deu"}
    assert audio["audioProperties"] | expected == audio["audioProperties"]
    assert result["metadata"]["fileSize"] == path.stat().st_size
    assert {"eTag", "lastModified", "mimeType"} <= set(result["metadata"])
    assert result["trackMappings"] == [{"videoTrackIndexes": [1], "audioTrackIndexes": [2], "dataTrackIndexes": []}]


def test_probe_works_with_boto3(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The result has the form of the service's model."""
    uri = environment.upload(make_video(tmp_path / "f.mp4", duration_s=1), "boto3/f.mp4")
    (result,) = environment.mediaconvert.probe(InputFiles=[{"FileUrl": uri}])["ProbeResults"]

    assert result["Container"]["Tracks"][0]["VideoProperties"]["Width"] == 320


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("f.mov", [], "quicktime"),
        ("f.mkv", [], "matroska"),
        ("f.webm", ["-c:v", "libvpx", "-c:a", "libopus"], "webm"),
        ("f.ts", [], "mpegts"),
        ("f.avi", ["-c:v", "mpeg4", "-c:a", "mp3"], "avi"),
        ("f.mxf", ["-c:v", "mpeg2video", "-c:a", "pcm_s16le", "-ar", "48000"], "mxf"),
        ("f.wav", ["-vn", "-c:a", "pcm_s16le"], "wave"),
        ("f.mp3", ["-vn", "-c:a", "libmp3lame"], "mp3"),
    ],
)
def test_probe_names_the_container(
    environment: EmulatorEnvironment, tmp_path: Path, name: str, arguments: list[str], expected: str
) -> None:
    """The names are those of the API."""
    uri = environment.upload(make_video(tmp_path / name, *arguments, duration_s=1), f"format/{name}")
    assert _probe(environment, uri)["container"]["format"] == expected


def test_probe_reads_only_parts_of_a_large_file(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The index may be at the end of the file; a rotated picture has its rotation."""
    make_video(tmp_path / "f.mp4", duration_s=2)
    ffmpeg("-display_rotation", "-90", "-i", str(tmp_path / "f.mp4"), "-c", "copy", str(tmp_path / "rotated.mp4"))
    data = (tmp_path / "rotated.mp4").read_bytes()
    filler = (64 << 20).to_bytes(4, "big") + b"free"
    with (tmp_path / "large.mp4").open("wb") as file:
        start = data.index(b"ftyp") - 4
        length = int.from_bytes(data[start : start + 4], "big")
        file.write(data[start : start + length] + filler)
        file.truncate(length + (64 << 20))
        file.seek(0, 2)
        file.write(data[start + length :])
    uri = environment.upload(tmp_path / "large.mp4", "large/f.mp4")
    result = _probe(environment, uri)

    assert result["metadata"]["fileSize"] > 64 << 20
    assert result["container"]["tracks"][0]["codec"] == "AVC"


def test_probe_reads_a_file_at_an_http_url(environment: EmulatorEnvironment, tmp_path: Path) -> None:
    """The file may be anywhere that the emulator can reach."""
    environment.s3.upload_file(str(make_video(tmp_path / "f.mp4", duration_s=1)), environment.outputs, "http/f.mp4")
    (tmp_path / "served").mkdir()
    with environment.serve_outputs("http/", tmp_path / "served") as url:
        assert _probe(environment, f"{url}/f.mp4")["container"]["format"] == "mp4"


@pytest.mark.parametrize(
    ("key", "content", "code", "status"),
    [
        ("text.mp4", b"not a video" * 100, "UnprocessableEntityException", 422),
        ("playlist.mp4", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "UnprocessableEntityException", 422),
        ("empty.mp4", b"", "UnprocessableEntityException", 422),
        ("missing.mp4", None, "NotFoundException", 404),
    ],
)
def test_a_file_that_cant_be_read_is_an_error_of_the_api(
    environment: EmulatorEnvironment, key: str, content: bytes | None, code: str, status: int
) -> None:
    """A file that is not media is a 422, and a missing one a 404."""
    if content is not None:
        environment.s3.put_object(Bucket=environment.inputs, Key=key, Body=content)
    with pytest.raises(ClientError) as caught:
        environment.mediaconvert.probe(InputFiles=[{"FileUrl": f"s3://{environment.inputs}/{key}"}])
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("files", [[], [{}], [{"fileUrl": "file:///etc/passwd"}], [{"fileUrl": "s3://bucket"}]])
def test_a_request_without_a_file_is_refused(environment: EmulatorEnvironment, files: list[dict[str, str]]) -> None:
    """Only S3, http and https are allowed."""
    url = f"{environment.url}/2017-08-29/probe"
    response = httpx.post(url, json={"inputFiles": files}, trust_env=False)

    assert response.status_code == 400
    assert "/inputFiles" in response.json()["message"]
