"""Settings from the environment: their values, and the error for a missing or invalid one."""

import os

import pytest
from pydantic import ValidationError

from service.settings import VIDEO_TYPES, ServiceSettings
from transcode.settings import EnvironmentSettings, Settings, SettingsT, load
from worker.settings import WorkerSettings

COMMON = {"INPUT_BUCKET": "clips-in", "OUTPUT_BUCKET": "clips-out"}
WORKER = {
    **COMMON,
    "UPLOADS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads",
    "SUBMISSION_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/submission",
    "JOB_EVENTS_QUEUE_URL": "http://localhost:4566/000000000000/job-events",
    "MEDIACONVERT_ROLE": "arn:aws:iam::123456789012:role/clips-transcode",
}


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove every variable of the machine's environment."""
    for name in list(os.environ):
        monkeypatch.delenv(name)


def loaded(kind: type[SettingsT], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> SettingsT:
    """Return the settings that a process with this environment loads."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load(kind)


def exit_line(
    kind: type[Settings],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """Return the one line with which a process with this environment exits."""
    with pytest.raises(SystemExit) as exit_info:
        loaded(kind, environment, monkeypatch)
    assert exit_info.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    [line] = output.err.splitlines()
    return line


@pytest.mark.parametrize("name", sorted(COMMON))
def test_the_service_names_a_missing_setting(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line has the name of the environment variable, and an empty variable counts as missing."""
    assert exit_line(ServiceSettings, {**COMMON, name: ""}, monkeypatch, capsys) == f"settings: {name}: Field required"


@pytest.mark.parametrize("name", sorted(WORKER))
def test_the_worker_names_a_missing_setting(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each setting without a default is required."""
    assert exit_line(WorkerSettings, {**WORKER, name: ""}, monkeypatch, capsys) == f"settings: {name}: Field required"


@pytest.mark.parametrize("name", ["BILLABLE_MINUTES_PER_DAY", "BILLABLE_MINUTES_PER_DAY_AND_CALLER"])
def test_a_budget_needs_probes(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without them each upload would count as the longest one."""
    assert "PROBE must be on" in exit_line(WorkerSettings, {**WORKER, name: "10", "PROBE": "off"}, monkeypatch, capsys)


@pytest.mark.parametrize(("value", "is_on"), [("on", True), ("off", False), ("", True)])
def test_probes_are_on_by_default(value: str, monkeypatch: pytest.MonkeyPatch, *, is_on: bool) -> None:
    """The templates write the words."""
    assert loaded(WorkerSettings, {**WORKER, "PROBE": value}, monkeypatch).probe is is_on


def test_all_missing_settings_are_named_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An operator can then correct all of them in one attempt."""
    line = exit_line(WorkerSettings, {}, monkeypatch, capsys)
    assert all(f"{name}: Field required" in line for name in WORKER)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INPUT_BUCKET", "Clips_In"),
        ("INPUT_BUCKET", "s3://clips-in"),
        ("OUTPUT_BUCKET", "ab"),
        ("INPUT_FILE_TABLE", "a b"),
        ("STATUS_TABLE", "x"),
        ("STATUS_TTL_S", "59"),
        ("STATUS_TTL_S", "a day"),
        ("OUTPUT_TTL_S", "3599"),
        ("UPLOAD_PREFIX", "uploads"),
        ("UPLOAD_PREFIX", "/uploads/"),
        ("AWS_ENDPOINT_URL", "localhost:4566"),
        ("AWS_ENDPOINT_URL", "ftp://localhost"),
        ("LOG_LEVEL", "info"),
        ("LOG_FORMAT", "xml"),
        ("UPLOAD_MAX_BYTES", "0"),
        ("UPLOAD_MAX_BYTES", "5497558138881"),
        ("UPLOAD_URL_TTL_S", "604801"),
        ("S3_PUBLIC_ENDPOINT_URL", "s3.example.com"),
        ("PLAYBACK_BASE_URL", "http://"),
        ("AUTH_ISSUER", "login.example.com"),
        ("UPLOADS_PER_MINUTE", "-1"),
        ("TICK_S", "nan"),
        ("HEARTBEAT_S", "inf"),
        ("API_BASE_PATH", "v1"),
        ("PORT", "65536"),
        ("PORT", "http"),
    ],
)
def test_the_service_names_an_invalid_setting(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line has the variable's name and the expected value."""
    assert exit_line(ServiceSettings, {**COMMON, name: value}, monkeypatch, capsys).startswith(f"settings: {name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OUTPUT_TABLE", "?"),
        ("UPLOADS_QUEUE_URL", "uploads"),
        ("SUBMISSION_QUEUE_URL", "submission"),
        ("JOB_EVENTS_QUEUE_URL", "arn:aws:sqs:eu-central-1:123456789012:job-events"),
        ("MEDIACONVERT_ROLE", "clips-transcode"),
        ("MEDIACONVERT_ENDPOINT_URL", "mediaconvert"),
        ("STATUS_UPDATE_INTERVAL_S", "11"),
        ("STATUS_UPDATE_INTERVAL_S", "soon"),
        ("STATUS_UPDATE_INTERVAL_S", "-10"),
        ("POLLERS", "0"),
        ("STOP_GRACE_S", "0"),
        ("STOP_GRACE_S", "nan"),
        ("HEALTH_FILE", "/nowhere/health"),
        ("S3_EVENT_KEYS_ENCODED", "perhaps"),
    ],
)
def test_the_worker_names_an_invalid_setting(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line starts with the invalid setting, because all others are valid."""
    assert exit_line(WorkerSettings, {**WORKER, name: value}, monkeypatch, capsys).startswith(f"settings: {name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MEDIACONVERT_ROLE", "hunter2"),
        ("UPLOADS_QUEUE_URL", "ftp://user:hunter2@host/x"),
        ("AWS_ENDPOINT_URL", "http://user:hunter2@host:99999"),
        ("STATUS_UPDATE_INTERVAL_S", "hunter2"),
        ("POLLERS", "hunter2"),
    ],
)
def test_an_invalid_value_is_not_shown(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A secret may be in the wrong variable, and start-up errors are logged."""
    assert "hunter2" not in exit_line(WorkerSettings, {**WORKER, name: value}, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("configured", "missing"), [("AUTH_ISSUER", "AUTH_AUDIENCE"), ("AUTH_AUDIENCE", "AUTH_ISSUER")]
)
def test_issuer_and_audience_are_required_together(
    configured: str, missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With only one of them, the API would be open without the operator noticing."""
    line = exit_line(ServiceSettings, {**COMMON, configured: "https://login.example.com"}, monkeypatch, capsys)
    assert f"{missing} is missing" in line


@pytest.mark.parametrize("interval_s", [10, 12, 15, 20, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600])
def test_every_status_update_interval_of_mediaconvert_is_accepted(
    interval_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment contains strings, and the setting is a number."""
    settings = loaded(WorkerSettings, {**WORKER, "STATUS_UPDATE_INTERVAL_S": str(interval_s)}, monkeypatch)
    assert settings.status_update_interval_s == interval_s


def test_the_defaults_are_those_of_the_first_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new version then finds the tables of an existing deployment."""
    settings = loaded(WorkerSettings, WORKER, monkeypatch)
    assert settings.input_file_table == "MediaConvertInputFileToJobId"
    assert settings.output_table == "MediaConvertJobIdToOutput"
    assert settings.status_table == "MediaConvertJobIdToStatus"
    assert (settings.status_ttl_s, settings.output_ttl_s) == (86_400, 14 * 86_400)
    assert (settings.status_update_interval_s, settings.mediaconvert_queue) == (10, None)


def test_a_callers_unfinished_uploads_have_room_for_the_largest_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By default for a hundred of them; a limit that allows none is an error."""
    assert loaded(ServiceSettings, COMMON, monkeypatch).max_unfinished_bytes == 100 * 5 * 1024**3
    environment = {**COMMON, "UPLOAD_MAX_BYTES": "10", "UNFINISHED_BYTES_PER_CALLER": "9"}
    line = exit_line(ServiceSettings, environment, monkeypatch, capsys)
    assert "UNFINISHED_BYTES_PER_CALLER must not be smaller than UPLOAD_MAX_BYTES" in line


def test_a_base_url_loses_its_trailing_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths can then be appended to it."""
    settings = loaded(ServiceSettings, {**COMMON, "PLAYBACK_BASE_URL": "https://play.example.com/v/"}, monkeypatch)
    assert settings.playback_base_url == "https://play.example.com/v"


def test_a_queue_url_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQS identifies a queue by its exact URL."""
    settings = loaded(WorkerSettings, WORKER, monkeypatch)
    assert settings.uploads_queue_url == WORKER["UPLOADS_QUEUE_URL"]
    assert settings.job_events_queue_url == WORKER["JOB_EVENTS_QUEUE_URL"]


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        ("*", ("*",)),
        ("https://a.example", ("https://a.example",)),
        (" https://a.example , ,http://localhost:5173,", ("https://a.example", "http://localhost:5173")),
    ],
)
def test_a_list_is_separated_by_commas(text: str, origins: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Spaces and empty items are ignored, and JSON is not required."""
    assert loaded(ServiceSettings, {**COMMON, "CORS_ALLOW_ORIGINS": text}, monkeypatch).cors_allow_origins == origins


def test_other_environment_variables_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every environment has many variables of other programs."""
    settings = loaded(ServiceSettings, {**COMMON, "PATH": "/bin", "UPLOADS": "x"}, monkeypatch)
    assert settings.upload_content_types == VIDEO_TYPES


def test_a_default_is_validated_too() -> None:
    """A default that its own rule refuses is a defect, which the first start shows."""

    class Faulty(EnvironmentSettings):
        size: int = "five"  # type: ignore[assignment]

    with pytest.raises(ValidationError):
        Faulty.from_environment({})
