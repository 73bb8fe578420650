"""Sound from files beside the input, remixed channels, and silence, measured in the outputs."""

import re
import subprocess
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from imageio_ffmpeg import get_ffmpeg_exe  # type: ignore[import-untyped]

from tests.emulator_environment import ROLE, EmulatorEnvironment, emulator_environment, ffmpeg, make_video
from tests.emulator_groups import Settings, aac, audio, download, group, h264, output, run_groups

RATE_HZ = 48_000
SELECTOR = "Audio Selector 1"
DESCRIBED = "public.accessibility.describes-video"


@pytest.fixture(scope="module")
def environment(aws_endpoint: str) -> Iterator[EmulatorEnvironment]:
    """Return one emulator for all tests of this file."""
    with emulator_environment(aws_endpoint) as shared:
        yield shared


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video of three seconds with a tone of 440 Hz."""
    return make_video(tmp_path_factory.mktemp("video") / "v.mp4", size="160x90", duration_s=3)


def _tone(folder: Path, *channels: str, duration_s: float = 1) -> Path:
    """Write a sound file: each channel is an expression of ffmpeg's filter aevalsrc."""
    path = folder / f"tone{duration_s}.wav"
    ffmpeg("-y", "-f", "lavfi", "-i", f"aevalsrc={'|'.join(channels)}:s={RATE_HZ}:d={duration_s}", str(path))
    return path


def _channels(path: Path, count: int) -> list[Sequence[int]]:
    """Return the samples of each channel of a file."""
    command = [get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-map", "a:0", "-f", "s16le", "-ar", str(RATE_HZ)]
    samples = array("h", subprocess.run([*command, "-"], capture_output=True, check=True).stdout)
    return [samples[index::count] for index in range(count)]


def _loudness(samples: Sequence[int], start_s: float, end_s: float) -> float:
    """Return the root mean square of a part."""
    part = samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    return sqrt(sum(sample * sample for sample in part) / len(part))


def _frequency_hz(samples: Sequence[int], start_s: float, end_s: float) -> float:
    part = samples[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    crossings = sum(1 for first, second in pairwise(part) if first < 0 <= second)
    return crossings / (end_s - start_s)


def _wav(environment: EmulatorEnvironment, prefix: str, channels: int = 2, **description: object) -> Settings:
    """Return a group with one WAV file and one video."""
    wav = audio("WAV", Channels=channels, SampleRate=RATE_HZ, BitDepth=16) | description
    return group(
        "File",
        f"s3://{environment.outputs}/{prefix}v",
        output("RAW", audios=(wav,)),
        output("MP4", video=h264(), audios=(aac(),)),
    )


def _heard(
    environment: EmulatorEnvironment,
    video: Path,
    folder: Path,
    prefix: str,
    selector: Settings,
    *,
    channels: int = 2,
    **description: object,
) -> list[Sequence[int]]:
    """Run a job; return the channels of its WAV file."""
    wav = _wav(environment, prefix, channels, **description)
    run_groups(environment, video, prefix, wav, AudioSelectors={SELECTOR: selector})
    return _channels(download(environment, f"{prefix}v.wav", folder), channels)


@pytest.mark.parametrize(("offset_ms", "begin_s", "end_s"), [(0, 0.0, 1.0), (500, 0.5, 1.5), (-500, 0.0, 0.5)])
def test_sound_of_a_file_beside_the_input_begins_with_the_picture(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, offset_ms: int, begin_s: float, end_s: float
) -> None:
    """A positive offset is later. After the file ends there is silence, and never the input's own sound."""
    uri = environment.upload(_tone(tmp_path, "0.5*sin(2*PI*1000*t)", "0.5*sin(2*PI*1000*t)"), f"tone{offset_ms}.wav")

    selector = {"ExternalAudioFileInput": uri, "Offset": offset_ms}
    left, _ = _heard(environment, video, tmp_path, f"beside{offset_ms}/", selector)

    assert abs(len(left) / RATE_HZ - 3) < 0.1
    assert _frequency_hz(left, begin_s + 0.1, end_s - 0.1) == pytest.approx(1000, rel=0.02)
    assert _loudness(left, end_s + 0.1, 2.9) < 10
    assert begin_s == 0 or _loudness(left, 0, begin_s - 0.1) < 10


def test_an_audio_file_can_be_an_alternate_audio(environment: EmulatorEnvironment, video: Path, tmp_path: Path) -> None:
    """Its language and its name are the job's; audio that describes the picture has the characteristic."""
    uri = environment.upload(_tone(tmp_path, "sin(2*PI*1000*t)", duration_s=3), "described.wav")
    own = aac() | {"AudioSourceName": SELECTOR, "LanguageCode": "ENG", "StreamName": "English"}
    other = aac() | {"AudioSourceName": "Audio Selector 2", "LanguageCode": "DEU", "StreamName": "Deutsch"}
    flagged = {"AudioGroupId": "a", "AudioTrackType": "ALTERNATE_AUDIO_AUTO_SELECT"}
    default = {"AudioGroupId": "a", "AudioTrackType": "ALTERNATE_AUDIO_AUTO_SELECT_DEFAULT"}
    hls = group(
        "Hls",
        f"s3://{environment.outputs}/alternate/v",
        output("M3U8", video=h264(), NameModifier="_v", OutputSettings={"HlsSettings": {"AudioRenditionSets": "a"}}),
        output("M3U8", audios=(own,), NameModifier="_e", OutputSettings={"HlsSettings": default}),
        output(
            "M3U8",
            audios=(other,),
            NameModifier="_d",
            OutputSettings={"HlsSettings": flagged | {"DescriptiveVideoServiceFlag": "FLAG"}},
        ),
        SegmentLength=6,
        MinSegmentLength=0,
    )
    selectors = {SELECTOR: {"DefaultSelection": "DEFAULT"}, "Audio Selector 2": {"ExternalAudioFileInput": uri}}

    run_groups(environment, video, "alternate/", hls, AudioSelectors=selectors)

    assert re.findall(r"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",(.*)", environment.output_text("alternate/v.m3u8")) == [
        'LANGUAGE="eng",NAME="English",AUTOSELECT=YES,DEFAULT=YES,URI="v_e.m3u8"',
        f'LANGUAGE="deu",NAME="Deutsch",AUTOSELECT=YES,DEFAULT=NO,CHARACTERISTICS="{DESCRIBED}",URI="v_d.m3u8"',
    ]
    (left, _) = _channels(download(environment, "alternate/v_d_00001.ts", tmp_path), 2)
    assert _frequency_hz(left, 0.5, 2.5) == pytest.approx(1000, rel=0.02)


@pytest.mark.parametrize("place", ["selector", "description"])
def test_remixing_weighs_the_channels(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, place: str
) -> None:
    """The gains are in decibels, and -60 mutes. The channels change places here."""
    uri = environment.upload(_tone(tmp_path, "0.25*sin(2*PI*1000*t)", "0.25*sin(2*PI*2000*t)"), f"remix-{place}.wav")
    mapping = [{"InputChannels": [-60, 0]}, {"InputChannelsFineTune": [-6.021, -60]}]
    remix = {"ChannelsIn": 2, "ChannelsOut": 2, "ChannelMapping": {"OutputChannels": mapping}}
    selector: Settings = {"ExternalAudioFileInput": uri} | ({"RemixSettings": remix} if place == "selector" else {})
    description: Settings = {"RemixSettings": remix} if place == "description" else {}

    left, right = _heard(environment, video, tmp_path, f"remix-{place}/", selector, **description)

    assert _frequency_hz(left, 0.1, 0.9) == pytest.approx(2000, rel=0.02)
    assert _frequency_hz(right, 0.1, 0.9) == pytest.approx(1000, rel=0.02)
    assert _loudness(right, 0.1, 0.9) / _loudness(left, 0.1, 0.9) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("case", ["tracks", "group"])
def test_several_tracks_are_the_channels_of_one_sound(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, case: str
) -> None:
    """A selector of two tracks, and a group of two selectors, which are for audio files."""
    prefix = f"joined-{case}/"
    tones = [_tone(tmp_path, f"0.5*sin(2*PI*{rate}*t)", duration_s=rate / 1000) for rate in (1000, 2000)]
    uris = [environment.upload(tone, f"{prefix}{number}.wav") for number, tone in enumerate(tones)]
    selectors: Settings = {
        f"Audio Selector {n}": {"ExternalAudioFileInput": uri} for n, uri in enumerate(uris, start=1)
    }
    groups: Settings = {"Group 1": {"AudioSelectorNames": list(selectors)}}
    source = video
    if case == "tracks":
        source = tmp_path / "two.mp4"
        files = [part for tone in tones for part in ("-i", str(tone))]
        ffmpeg("-i", str(video), *files, "-map", "0:v", "-map", "1", "-map", "2", "-c:a", "aac", str(source))
        selectors, groups = {SELECTOR: {"Tracks": [1, 2]}}, {}
    wav = _wav(environment, prefix, AudioSourceName="Group 1" if groups else SELECTOR)

    run_groups(environment, source, prefix, wav, AudioSelectors=selectors, AudioSelectorGroups=groups)

    left, right = _channels(download(environment, f"{prefix}v.wav", tmp_path), 2)
    assert abs(len(left) / RATE_HZ - 3) < 0.1
    assert _frequency_hz(left, 0.1, 0.9) == pytest.approx(1000, rel=0.02)
    assert _frequency_hz(right, 0.1, 1.9) == pytest.approx(2000, rel=0.02)
    assert _loudness(left, 1.2, 1.9) < 10


def test_a_remix_to_one_channel_reads_only_channels_that_exist(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path
) -> None:
    """The input's second channel doesn't exist, so it adds nothing."""
    remix = {"ChannelsIn": 2, "ChannelsOut": 1, "ChannelMapping": {"OutputChannels": [{"InputChannels": [0, 0]}]}}
    plain = _heard(environment, video, tmp_path, "plain/", {"DefaultSelection": "DEFAULT"}, channels=1)

    mixed = _heard(
        environment, video, tmp_path, "mono/", {"DefaultSelection": "DEFAULT"}, channels=1, RemixSettings=remix
    )

    assert _loudness(mixed[0], 0.2, 2.8) == pytest.approx(_loudness(plain[0], 0.2, 2.8), rel=0.02)


def test_a_selector_that_the_input_lacks_is_silence(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path
) -> None:
    """The output has a sound track as long as the picture."""
    prefix = "silence/"
    silent = _wav(environment, prefix, AudioSourceName="Audio Selector 3")

    run_groups(environment, video, prefix, silent, AudioSelectors={SELECTOR: {"Tracks": [1]}})

    left, _ = _channels(download(environment, f"{prefix}v.wav", tmp_path), 2)
    assert abs(len(left) / RATE_HZ - 3) < 0.1
    assert _loudness(left, 0, 2.9) == 0


@pytest.mark.parametrize(
    ("case", "code", "text"),
    [
        ("missing", 1404, "missing.wav"),
        ("broken", 1010, "broken.wav"),
        ("picture", 1021, "No audio"),
        ("track", 1040, "Invalid audio track specified for audio_selector [1]. Audio track [2] not found"),
    ],
)
def test_an_audio_file_that_cant_be_used_fails_the_job(
    environment: EmulatorEnvironment, video: Path, tmp_path: Path, case: str, code: int, text: str
) -> None:
    """The input's own sound never replaces it."""
    selector: Settings = {"ExternalAudioFileInput": f"s3://{environment.inputs}/missing.wav"}
    path = tmp_path / f"{case}.wav"
    match case:
        case "broken":
            path.write_bytes(b"nothing" * 1000)
        case "picture":
            ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", "-f", "mp4", str(path))
        case _:
            path = _tone(tmp_path, "sin(2*PI*1000*t)")
            selector |= {"Tracks": [2]} if case == "track" else {}
    if case != "missing":
        selector["ExternalAudioFileInput"] = environment.upload(path, path.name)
    settings: Any = {
        "Inputs": [{"FileInput": environment.upload(video, "v.mp4"), "AudioSelectors": {SELECTOR: selector}}],
        "OutputGroups": [_wav(environment, "failed/")],
    }

    job = environment.wait_for_job(environment.mediaconvert.create_job(Role=ROLE, Settings=settings)["Job"]["Id"])

    assert (job.get("ErrorCode"), text in job.get("ErrorMessage", "")) == (code, True), job.get("ErrorMessage")
