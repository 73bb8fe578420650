"""Ports, environments and commands of the local system's processes."""

from pathlib import Path

import pytest

from local import embedded_aws, system_processes
from local.playback_key import new_key_pair
from local.playback_server import PlaybackSettings
from local.system_processes import Ports
from service.settings import ServiceSettings
from worker.settings import WorkerSettings

PORTS = Ports(api=1, playback=2, mediaconvert=3, aws=4)
PROVISIONED = {
    "INPUT_BUCKET": "input",
    "OUTPUT_BUCKET": "output",
    "INPUT_FILE_TABLE": "files",
    "OUTPUT_TABLE": "outputs",
    "STATUS_TABLE": "statuses",
    "UPLOADS_QUEUE_URL": "http://127.0.0.1:4/0/uploads",
    "SUBMISSION_QUEUE_URL": "http://127.0.0.1:4/0/submission",
    "JOB_EVENTS_QUEUE_URL": "http://127.0.0.1:4/0/job-events",
    "UPLOAD_PREFIX": "uploads/",
    "MEDIACONVERT_JOB_TEMPLATE": "hls",
}


def test_ports_default_to_8000_to_8003() -> None:
    """The guide documents these ports."""
    assert system_processes.ports({}) == Ports(api=8000, playback=8001, mediaconvert=8002, aws=8003)


def test_a_variable_sets_its_port() -> None:
    """The other ports keep their defaults, and an empty variable counts as unset."""
    chosen = system_processes.ports({"DEV_API_PORT": "9000", "DEV_AWS_PORT": ""})
    assert chosen == Ports(api=9000)


def test_a_receiver_of_webhooks_has_a_port_only_on_request() -> None:
    """Otherwise its port needn't be free."""
    assert system_processes.ports({"DEV_WEBHOOKS": "0", "DEV_WEBHOOKS_PORT": "9"}) == Ports()
    assert "webhooks" not in Ports().named()
    assert system_processes.ports({"DEV_WEBHOOKS": "1"}) == Ports(webhooks=8004)
    assert system_processes.ports({"DEV_WEBHOOKS": "1", "DEV_WEBHOOKS_PORT": "9"}) == Ports(webhooks=9)


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "80.5"])
def test_an_invalid_port_is_refused(value: str) -> None:
    """The error names the variable."""
    with pytest.raises(ValueError, match="DEV_PLAYBACK_PORT must be a port"):
        system_processes.ports({"DEV_PLAYBACK_PORT": value})


def test_two_processes_can_not_share_a_port() -> None:
    """The error is raised before any process starts."""
    with pytest.raises(ValueError, match="a port of its own"):
        system_processes.ports({"DEV_API_PORT": "8003"})


def test_the_users_aws_variables_do_not_reach_a_process() -> None:
    """Profiles, tokens and endpoints of the shell would direct a process to another account."""
    shell = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "AWS_ACCESS_KEY_ID": "AKIA", "PATH": "/bin"}
    environment = system_processes.environment(shell, PORTS)
    assert {name for name in environment if name.startswith("AWS_")} == {
        *embedded_aws.CREDENTIALS,
        "AWS_ENDPOINT_URL",
        "AWS_EC2_METADATA_DISABLED",
    }
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["PATH"] == "/bin"


def test_the_users_settings_override_the_local_defaults() -> None:
    """A user can set the log level, for example."""
    environment = system_processes.environment({"LOG_LEVEL": "DEBUG"}, PORTS)
    assert environment["LOG_LEVEL"] == "DEBUG"
    assert system_processes.environment({}, PORTS)["LOG_LEVEL"] == "INFO"


def test_local_addresses_bypass_a_proxy() -> None:
    """Addresses that the shell already exempts stay exempt."""
    environment = system_processes.environment({"NO_PROXY": "example.org"}, PORTS)
    assert environment["NO_PROXY"] == environment["no_proxy"] == "example.org,127.0.0.1,localhost"


def test_every_process_gets_valid_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings classes of the processes themselves read the environments."""
    shared = system_processes.environment({}, PORTS)
    application = {part.name: part for part in system_processes.application(PORTS, shared, PROVISIONED)}
    for name, settings in (("playback", PlaybackSettings), ("service", ServiceSettings), ("worker", WorkerSettings)):
        with monkeypatch.context() as patch:
            for variable, value in application[name].environment.items():
                patch.setenv(variable, value)
            assert settings.from_environment().output_bucket == "output"


def test_the_receiver_is_the_first_endpoint_and_knows_the_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """It replaces an endpoint of the shell; no other process gets the secret or may send to this machine."""
    shell = {"WEBHOOK_1_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:1:secret:a", "WEBHOOK_1_TYPES": "job.error"}
    ports = Ports(api=1, playback=2, mediaconvert=3, aws=4, webhooks=5)
    provisioned = {**PROVISIONED, "WEBHOOK_1_QUEUE_URL": "http://127.0.0.1:4/0/webhook-1"}
    shared = system_processes.environment(shell, ports)
    secret = "whsec_" + "A" * 32
    parts = {
        each.name: each for each in system_processes.application(ports, shared, provisioned, webhook_secret=secret)
    }
    assert [name for name, part in parts.items() if secret in part.environment.values()] == ["worker", "webhooks"]
    for variable, value in parts["worker"].environment.items():
        monkeypatch.setenv(variable, value)
    (endpoint,) = WorkerSettings.from_environment().webhook_endpoints
    assert (endpoint.url, endpoint.secrets, endpoint.secret_arn) == ("http://127.0.0.1:5/webhooks", (secret,), None)
    assert endpoint.types == {"job.error"}
    assert "WEBHOOKS_ALLOW_LOCAL" not in parts["service"].environment
    assert "webhooks" not in [each.name for each in system_processes.application(PORTS, shared, PROVISIONED)]


def test_with_playback_keys_only_the_service_signs_and_only_playback_verifies(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process gets either key."""
    keys = new_key_pair()
    processes = system_processes.application(
        PORTS, system_processes.environment({}, PORTS), PROVISIONED, playback_keys=keys
    )
    owners = {
        key_half: [part.name for part in processes if pem in part.environment.values()]
        for key_half, pem in (("private", keys.private_pem), ("public", keys.public_pem))
    }
    assert owners == {"private": ["service"], "public": ["playback"]}
    for variable, value in next(part for part in processes if part.name == "playback").environment.items():
        monkeypatch.setenv(variable, value)
    assert PlaybackSettings.from_environment().trusted is not None


def test_the_embedded_aws_listens_on_loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """It listens on the configured port, and its queue URLs name that port."""
    monkeypatch.setattr(embedded_aws, "command", lambda: ["ministack"])
    aws, _ = system_processes.foundation(
        PORTS, system_processes.environment({}, PORTS), scratch=Path("s"), data_dir=Path("d")
    )
    assert (aws.environment["BIND_HOST"], aws.environment["GATEWAY_PORT"]) == ("127.0.0.1", "4")
    assert aws.environment["AUTH"] == "true"


@pytest.mark.parametrize(("inherited", "expected"), [({}, "d"), ({"MEDIACONVERT_DATA_DIR": "mine"}, "mine")])
def test_mediaconvert_keeps_its_jobs_in_a_folder(
    monkeypatch: pytest.MonkeyPatch, inherited: dict[str, str], expected: str
) -> None:
    """So they survive a restart; the user's variable names another folder."""
    monkeypatch.setattr(embedded_aws, "command", lambda: ["ministack"])
    shared = system_processes.environment(inherited, PORTS)
    _, mediaconvert = system_processes.foundation(PORTS, shared, scratch=Path("s"), data_dir=Path("d"))

    assert mediaconvert.environment["MEDIACONVERT_DATA_DIR"] == expected
