"""Access control needs both of its settings."""

import pytest

from service.settings import ServiceSettings
from transcode.settings import load

ISSUER = "https://login.example/"


@pytest.mark.parametrize(
    ("environment", "missing"),
    [({"AUTH_ISSUER": ISSUER}, "AUTH_AUDIENCE is missing"), ({"AUTH_AUDIENCE": "api"}, "AUTH_ISSUER is missing")],
)
def test_only_one_of_issuer_and_audience_stops_the_service_at_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: dict[str, str], missing: str
) -> None:
    """The service exits with one line that names the missing setting, so that no API is open by mistake."""
    for name, value in {"INPUT_BUCKET": "clips-in", "OUTPUT_BUCKET": "clips-out", **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as exit_info:
        load(ServiceSettings)
    error_output = capsys.readouterr().err
    assert (exit_info.value.code, error_output.count("\n")) == (2, 1)
    assert missing in error_output


def test_the_issuer_keeps_its_trailing_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token's `iss` claim must equal the setting exactly, so the setting isn't normalised."""
    names = {"INPUT_BUCKET": "clips-in", "OUTPUT_BUCKET": "clips-out", "AUTH_AUDIENCE": "api", "AUTH_ISSUER": ISSUER}
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert load(ServiceSettings).auth_issuer == ISSUER


@pytest.mark.parametrize("issuer", ["login.example", "ftp://login.example", ""])
def test_an_issuer_that_is_not_an_http_url_is_refused(issuer: str) -> None:
    """The service refuses an issuer at start if it can't fetch the issuer's keys."""
    with pytest.raises(ValueError, match="auth_issuer"):
        ServiceSettings(input_bucket="clips-in", output_bucket="clips-out", auth_issuer=issuer, auth_audience="api")
