"""The settings for signed playback cookies are valid only together."""

import pytest

from local.playback_key import new_key_pair
from service.settings import ServiceSettings
from transcode.settings import load

PEM = new_key_pair().private_pem
BASE = {"PLAYBACK_BASE_URL": "https://video.example"}
ID = {"PLAYBACK_KEY_PAIR_ID": "K1"}
KEY = {"PLAYBACK_PRIVATE_KEY": PEM}
SECRET = {"PLAYBACK_PRIVATE_KEY_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:playback-a1"}


def loaded(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> ServiceSettings:
    """Return the settings of a process with this environment."""
    for name, value in {"INPUT_BUCKET": "clips-in", "OUTPUT_BUCKET": "clips-out", **environment}.items():
        monkeypatch.setenv(name, value)
    return load(ServiceSettings)


@pytest.mark.parametrize(
    ("environment", "wrong"),
    [
        ({**BASE, **KEY}, "PLAYBACK_KEY_PAIR_ID is missing"),
        ({**BASE, **ID}, "PLAYBACK_KEY_PAIR_ID needs PLAYBACK_PRIVATE_KEY"),
        ({**BASE, **ID, **KEY, **SECRET}, "PLAYBACK_KEY_PAIR_ID needs PLAYBACK_PRIVATE_KEY"),
        ({**ID, **KEY}, "PLAYBACK_BASE_URL is missing"),
        ({**BASE, **ID, "PLAYBACK_PRIVATE_KEY": "not a key"}, "no private key in PEM"),
    ],
)
def test_incomplete_playback_settings_stop_the_service_at_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: dict[str, str], wrong: str
) -> None:
    """One line names the missing or invalid setting, and never shows the key."""
    with pytest.raises(SystemExit) as exit_info:
        loaded(monkeypatch, environment)
    error_output = capsys.readouterr().err
    assert (exit_info.value.code, error_output.count("\n")) == (2, 1)
    assert wrong in error_output
    assert not any(line in error_output for line in (*PEM.splitlines()[1:-1], "not a key"))


@pytest.mark.parametrize("key", [KEY, SECRET])
def test_a_key_is_in_the_environment_or_in_a_secret(monkeypatch: pytest.MonkeyPatch, key: dict[str, str]) -> None:
    """The repr of the settings hides the key."""
    settings = loaded(monkeypatch, {**BASE, **ID, **key})
    assert settings.playback_key_pair_id == "K1"
    assert not any(line in repr(settings) for line in PEM.splitlines()[1:-1])
