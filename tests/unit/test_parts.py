"""What the parts of the local system are given."""

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
    "JOB_EVENTS_QUEUE_URL": "http://127.0.0.1:4/0/job-events",
    "UPLOAD_PREFIX": "uploads/",
    "MEDIACONVERT_JOB_TEMPLATE": "hls",
}


def test_without_wishes_every_part_has_its_usual_port() -> None:
    """8000 and the three after it, as the guide says."""
    assert system_processes.ports({}) == Ports(api=8000, playback=8001, mediaconvert=8002, aws=8003)


def test_a_port_can_be_chosen_by_its_variable() -> None:
    """The others stay as they are, and an empty variable is none."""
    chosen = system_processes.ports({"DEV_API_PORT": "9000", "DEV_AWS_PORT": ""})
    assert chosen == Ports(api=9000)


@pytest.mark.parametrize("value", ["http", "0", "65536", "-1", "80.5"])
def test_what_is_no_port_is_refused_by_name(value: str) -> None:
    """The message says which variable is wrong."""
    with pytest.raises(ValueError, match="DEV_PLAYBACK_PORT must be a port"):
        system_processes.ports({"DEV_PLAYBACK_PORT": value})


def test_two_parts_can_not_share_a_port() -> None:
    """Found before anything is started."""
    with pytest.raises(ValueError, match="a port of its own"):
        system_processes.ports({"DEV_API_PORT": "8003"})


def test_nothing_of_the_user_s_aws_account_reaches_a_part() -> None:
    """Profiles, tokens and endpoints of the shell's would send a part elsewhere."""
    mine = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "AWS_ACCESS_KEY_ID": "AKIA", "PATH": "/bin"}
    given = system_processes.environment(mine, PORTS)
    assert {name for name in given if name.startswith("AWS_")} == {
        *embedded_aws.CREDENTIALS,
        "AWS_ENDPOINT_URL",
        "AWS_EC2_METADATA_DISABLED",
    }
    assert given["AWS_ACCESS_KEY_ID"] == "test"
    assert given["PATH"] == "/bin"


def test_the_user_s_own_settings_win_over_the_defaults_for_one_machine() -> None:
    """Whoever sets a log level or a speed of time gets it."""
    given = system_processes.environment({"LOG_LEVEL": "DEBUG"}, PORTS)
    assert given["LOG_LEVEL"] == "DEBUG"
    assert system_processes.environment({}, PORTS)["LOG_LEVEL"] == "INFO"


def test_local_addresses_never_go_through_a_proxy() -> None:
    """What the shell already exempts stays exempt."""
    given = system_processes.environment({"NO_PROXY": "example.org"}, PORTS)
    assert given["NO_PROXY"] == given["no_proxy"] == "example.org,127.0.0.1,localhost"


def test_every_process_finds_its_settings_whole_and_right(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environments are read by the settings classes of the processes themselves."""
    shared = system_processes.environment({}, PORTS)
    application = {part.name: part for part in system_processes.application(PORTS, shared, PROVISIONED)}
    for name, settings in (("playback", PlaybackSettings), ("service", ServiceSettings), ("worker", WorkerSettings)):
        with monkeypatch.context() as patch:
            for variable, value in application[name].environment.items():
                patch.setenv(variable, value)
            assert settings().output_bucket == "output"


def test_where_keys_are_guarded_each_process_has_its_half_of_the_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service signs, playback verifies, and nobody else has either."""
    keys = new_key_pair()
    given = system_processes.application(
        PORTS, system_processes.environment({}, PORTS), PROVISIONED, playback_keys=keys
    )
    having = {
        half: [part.name for part in given if pem in part.environment.values()]
        for half, pem in (("private", keys.private_pem), ("public", keys.public_pem))
    }
    assert having == {"private": ["service"], "public": ["playback"]}
    for variable, value in next(part for part in given if part.name == "playback").environment.items():
        monkeypatch.setenv(variable, value)
    assert PlaybackSettings().trusted is not None


def test_the_embedded_aws_listens_on_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """On its port, and its queues' addresses name that."""
    monkeypatch.setattr(embedded_aws, "command", lambda: ["ministack"])
    aws, _ = system_processes.foundation(PORTS, system_processes.environment({}, PORTS), scratch=Path("scratch"))
    assert (aws.environment["BIND_HOST"], aws.environment["GATEWAY_PORT"]) == ("127.0.0.1", "4")
    assert aws.environment["AUTH"] == "true"
