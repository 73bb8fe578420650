"""The settings of webhooks: what a worker accepts, and what it refuses at its start."""

import pytest
from pydantic import ValidationError

from transcode.announcement_types import AnnouncementType
from worker.settings import WorkerSettings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 -- the published test vector
ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhook-1"
REQUIRED = {
    "INPUT_BUCKET": "input-bucket",
    "OUTPUT_BUCKET": "output-bucket",
    "UPLOADS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/uploads",
    "SUBMISSION_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/submission",
    "JOB_EVENTS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/job-events",
    "MEDIACONVERT_ROLE": "arn:aws:iam::123456789012:role/MediaConvert",
}
ENDPOINT = {
    "WEBHOOK_2_URL": "https://a.example/hooks/",
    "WEBHOOK_2_SECRETS": f"{SECRET}, {SECRET}",
    "WEBHOOK_2_TYPES": "job.complete, job.error",
    "WEBHOOK_2_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/webhook-2",
}


def settings(monkeypatch: pytest.MonkeyPatch, **environment: str) -> WorkerSettings:
    """Return the worker's settings from this environment."""
    for name, value in {**REQUIRED, **environment}.items():
        monkeypatch.setenv(name, value)
    return WorkerSettings.from_environment()


def test_an_endpoint_has_its_url_secrets_and_types_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are separated by commas, and the URL stays as it is."""
    (endpoint,) = settings(monkeypatch, **ENDPOINT).webhook_endpoints
    assert (endpoint.slot, endpoint.url, endpoint.secrets) == (2, "https://a.example/hooks/", (SECRET, SECRET))
    assert endpoint.types == {AnnouncementType.JOB_COMPLETE, AnnouncementType.JOB_ERROR}


def test_without_settings_nothing_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bus or an endpoint turns announcements on."""
    assert not settings(monkeypatch).announces
    assert settings(monkeypatch, ANNOUNCE_EVENT_BUS="default").announces


def test_no_secret_is_in_the_text_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log line with the settings shows none."""
    assert SECRET not in repr(settings(monkeypatch, **ENDPOINT))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"WEBHOOK_2_URL": "http://a.example"}, "must begin with https://"),
        ({"WEBHOOK_2_URL": "https://user@a.example"}, "no user"),
        ({"WEBHOOK_2_QUEUE_URL": ""}, "WEBHOOK_2_QUEUE_URL is missing"),
        ({"WEBHOOK_2_SECRETS": ""}, "SECRETS or WEBHOOK_2_SECRET_ARN"),
        ({"WEBHOOK_2_SECRET_ARN": ARN}, "and not both"),
        ({"WEBHOOK_2_SECRETS": "password"}, "whsec_"),
        ({"WEBHOOK_2_TYPES": "job.finished"}, "job.complete"),
    ],
)
def test_an_incomplete_endpoint_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str], expected: str
) -> None:
    """Its webhooks would be lost, or could be forged."""
    with pytest.raises(ValidationError, match=expected):
        settings(monkeypatch, **{**ENDPOINT, **change})
