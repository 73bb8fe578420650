"""Settings from the environment: what is taken, and how a missing or wrong one stops the process."""

import os

import pytest

from service.settings import VIDEO_TYPES, ServiceSettings
from transcode.settings import Settings, SettingsT, load
from worker.settings import WorkerSettings

COMMON = {"INPUT_BUCKET": "clips-in", "OUTPUT_BUCKET": "clips-out"}
WORKER = {
    **COMMON,
    "UPLOADS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads",
    "JOB_EVENTS_QUEUE_URL": "http://localhost:4566/000000000000/job-events",
    "MEDIACONVERT_ROLE": "arn:aws:iam::123456789012:role/clips-transcode",
}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees what the machine it runs on has set."""
    for name in list(os.environ):
        monkeypatch.delenv(name)


def loaded(kind: type[SettingsT], environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> SettingsT:
    """The settings in this environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load(kind)


def refusal(
    kind: type[Settings],
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """The one line with which the process stops in this environment."""
    with pytest.raises(SystemExit) as stopped:
        loaded(kind, environment, monkeypatch)
    assert stopped.value.code == 2
    output = capsys.readouterr()
    assert output.out == ""
    [line] = output.err.splitlines()
    return line


@pytest.mark.parametrize("name", sorted(COMMON))
def test_the_service_names_what_it_lacks(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the name that it has in the environment; an empty one is a missing one."""
    assert refusal(ServiceSettings, {**COMMON, name: ""}, monkeypatch, capsys) == f"settings: {name}: Field required"


@pytest.mark.parametrize("name", sorted(WORKER))
def test_the_worker_names_what_it_lacks(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each of the settings that has no default."""
    assert refusal(WorkerSettings, {**WORKER, name: ""}, monkeypatch, capsys) == f"settings: {name}: Field required"


def test_everything_that_is_wrong_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever sets a deployment up learns of all of it in one attempt, still on one line."""
    line = refusal(WorkerSettings, {}, monkeypatch, capsys)
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
def test_a_wrong_setting_of_the_service_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line with the variable's name and what is expected of it."""
    assert refusal(ServiceSettings, {**COMMON, name: value}, monkeypatch, capsys).startswith(f"settings: {name}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OUTPUT_TABLE", "?"),
        ("UPLOADS_QUEUE_URL", "uploads"),
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
def test_a_wrong_setting_of_the_worker_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says nothing of the others, which are right."""
    assert refusal(WorkerSettings, {**WORKER, name: value}, monkeypatch, capsys).startswith(f"settings: {name}: ")


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
def test_a_wrong_setting_is_not_repeated(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was put into the wrong variable may be a secret, and start-up errors end in logs."""
    assert "hunter2" not in refusal(WorkerSettings, {**WORKER, name: value}, monkeypatch, capsys)


@pytest.mark.parametrize(("given", "missing"), [("AUTH_ISSUER", "AUTH_AUDIENCE"), ("AUTH_AUDIENCE", "AUTH_ISSUER")])
def test_access_is_configured_whole_or_not_at_all(
    given: str, missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of it would leave the API open to everyone while somebody believes it closed."""
    line = refusal(ServiceSettings, {**COMMON, given: "https://login.example.com"}, monkeypatch, capsys)
    assert f"{missing} is missing" in line


@pytest.mark.parametrize("interval_s", [10, 12, 15, 20, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600])
def test_every_interval_of_mediaconverts_can_be_set(interval_s: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come as text, and are numbers."""
    settings = loaded(WorkerSettings, {**WORKER, "STATUS_UPDATE_INTERVAL_S": str(interval_s)}, monkeypatch)
    assert settings.status_update_interval_s == interval_s


def test_what_is_not_set_has_the_first_versions_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tables of a deployment that exists already are found without a setting."""
    settings = loaded(WorkerSettings, WORKER, monkeypatch)
    assert settings.input_file_table == "MediaConvertInputFileToJobId"
    assert settings.output_table == "MediaConvertJobIdToOutput"
    assert settings.status_table == "MediaConvertJobIdToStatus"
    assert (settings.status_ttl_s, settings.output_ttl_s) == (86_400, 14 * 86_400)
    assert (settings.status_update_interval_s, settings.mediaconvert_queue) == (10, None)


def test_an_address_is_kept_without_its_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that paths can be put after it."""
    settings = loaded(ServiceSettings, {**COMMON, "PLAYBACK_BASE_URL": "https://play.example.com/v/"}, monkeypatch)
    assert settings.playback_base_url == "https://play.example.com/v"


def test_a_queues_address_is_kept_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQS knows a queue by it."""
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
    """Spaces and empty parts mean nothing; JSON isn't asked for."""
    assert loaded(ServiceSettings, {**COMMON, "CORS_ALLOW_ORIGINS": text}, monkeypatch).cors_allow_origins == origins


def test_other_variables_are_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment is full of them."""
    settings = loaded(ServiceSettings, {**COMMON, "PATH": "/bin", "UPLOADS": "x"}, monkeypatch)
    assert settings.upload_content_types == VIDEO_TYPES
