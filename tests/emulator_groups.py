"""Settings of output groups in the API's form, for tests that run jobs without a template."""

from pathlib import Path
from typing import Any

from tests.emulator_environment import ROLE, EmulatorEnvironment

Settings = dict[str, Any]


def aac(*, bitrate_bps: int = 64_000, **settings: object) -> Settings:
    """Return an audio description."""
    aac_settings = {"Bitrate": bitrate_bps, "CodingMode": "CODING_MODE_2_0", "SampleRate": 48_000} | settings
    return {"CodecSettings": {"Codec": "AAC", "AacSettings": aac_settings}}


def audio(codec: str, **settings: object) -> Settings:
    """Return an audio description of another codec."""
    return {"CodecSettings": {"Codec": codec, f"{codec.capitalize()}Settings": settings}}


def h264(height: int = 90, **settings: object) -> Settings:
    """Return a video description."""
    h264_settings = {"RateControlMode": "QVBR", "MaxBitrate": 500_000} | settings
    return {"Height": height, "CodecSettings": {"Codec": "H_264", "H264Settings": h264_settings}}


def vpx(codec: str, height: int = 90, **settings: object) -> Settings:
    """Return a video description of VP8 or VP9."""
    vpx_settings = {"RateControlMode": "VBR", "Bitrate": 300_000} | settings
    return {"Height": height, "CodecSettings": {"Codec": codec, f"{codec.capitalize()}Settings": vpx_settings}}


def frame_capture(height: int = 90, **settings: object) -> Settings:
    """Return the video description of a frame capture."""
    return {"Height": height, "CodecSettings": {"Codec": "FRAME_CAPTURE", "FrameCaptureSettings": settings}}


def output(
    container: str, *, video: Settings | None = None, audios: tuple[Settings, ...] = (), **more: object
) -> Settings:
    """Return an output."""
    tracks: Settings = {"VideoDescription": video} if video else {}
    tracks |= {"AudioDescriptions": list(audios)} if audios else {}
    return {"ContainerSettings": {"Container": container}, **tracks, **more}


def group(kind: str, destination: str, *outputs: Settings, **settings: object) -> Settings:
    """Return an output group; `kind` is the name of its settings without "GroupSettings", such as Hls."""
    names = {"File": "FILE_GROUP", "Hls": "HLS_GROUP", "Cmaf": "CMAF_GROUP", "DashIso": "DASH_ISO_GROUP"}
    block = {"Destination": destination} | settings
    return {
        "OutputGroupSettings": {"Type": f"{names[kind]}_SETTINGS", f"{kind}GroupSettings": block},
        "Outputs": list(outputs),
    }


def run_groups(
    environment: EmulatorEnvironment, source: Path, prefix: str, *groups: Settings, **input_settings: object
) -> list[Settings]:
    """Run a job with these groups; return the outputGroupDetails of its COMPLETE event."""
    uri = environment.upload(source, f"{prefix}{source.name}")
    selectors = {"Audio Selector 1": {"DefaultSelection": "DEFAULT"}}
    settings: Any = {
        "Inputs": [{"FileInput": uri, "AudioSelectors": selectors} | input_settings],
        "OutputGroups": list(groups),
    }
    job_id = environment.mediaconvert.create_job(Role=ROLE, Settings=settings)["Job"]["Id"]
    detail = environment.wait_for_final_event(job_id)[-1]["detail"]
    assert detail["status"] == "COMPLETE", detail
    details: list[Settings] = detail["outputGroupDetails"]
    return details


def download(environment: EmulatorEnvironment, key: str, folder: Path) -> Path:
    """Return the local copy of an output."""
    path = folder / key.rpartition("/")[2]
    environment.s3.download_file(environment.outputs, key, str(path))
    return path
