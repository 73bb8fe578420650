"""Access is on or off, never half of it."""

import pytest

from service.settings import ServiceSettings
from transcode.settings import load

ISSUER = "https://login.example/"


@pytest.mark.parametrize(
    ("environment", "missing"),
    [({"AUTH_ISSUER": ISSUER}, "AUTH_AUDIENCE is missing"), ({"AUTH_AUDIENCE": "api"}, "AUTH_ISSUER is missing")],
)
def test_half_of_the_settings_stops_the_service_at_its_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: dict[str, str], missing: str
) -> None:
    """One line that names what is missing: an API that was to be closed must not be open."""
    for name, value in {"INPUT_BUCKET": "clips-in", "OUTPUT_BUCKET": "clips-out", **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        load(ServiceSettings)
    told = capsys.readouterr().err
    assert (ended.value.code, told.count("\n")) == (2, 1)
    assert missing in told


def test_the_issuer_is_kept_letter_for_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens name it so: with the slash at its end, where it has one."""
    names = {"INPUT_BUCKET": "clips-in", "OUTPUT_BUCKET": "clips-out", "AUTH_AUDIENCE": "api", "AUTH_ISSUER": ISSUER}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert load(ServiceSettings).auth_issuer == ISSUER


@pytest.mark.parametrize("issuer", ["login.example", "ftp://login.example", ""])
def test_an_issuer_is_an_address(issuer: str) -> None:
    """What can't be asked for its keys is refused at the start."""
    with pytest.raises(ValueError, match="auth_issuer"):
        ServiceSettings(input_bucket="clips-in", output_bucket="clips-out", auth_issuer=issuer, auth_audience="api")
