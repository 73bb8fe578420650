"""docker-compose.yml passes the shell's settings on to the worker, and names the queues that provisioning creates."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from local import cloudformation_template as templates
from transcode.settings import load
from worker.settings import WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
SECRET = "whsec_" + "A" * 32
QUEUES = "http://localstack:4566/queue/us-east-1/000000000000"


def resolved(text: str, shell: Mapping[str, str]) -> str:
    """Return the text as Compose resolves it: `${NAME:-default}`, for an unset and for an empty variable."""
    return re.sub(r"\$\{(\w+):-([^}]*)\}", lambda found: shell.get(found[1]) or found[2], text)


def worker_settings(monkeypatch: pytest.MonkeyPatch, shell: Mapping[str, str]) -> WorkerSettings:
    """Return the settings of the worker's container, with these variables in the shell."""
    for name, value in SERVICES["worker"]["environment"].items():
        monkeypatch.setenv(name, resolved(str(value), shell))
    return load(WorkerSettings)


def test_without_variables_the_worker_announces_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is an unset one."""
    settings = worker_settings(monkeypatch, {})
    assert not settings.announces
    assert settings.follow_jobs == "own"


def test_the_shells_variables_reach_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each endpoint has the queue that provisioning names."""
    shell = {"ANNOUNCE_EVENT_BUS": "default", "FOLLOW_JOBS": "all", "WEBHOOKS_ALLOW_LOCAL": "true"}
    for slot in (1, 2, 3):
        shell[f"WEBHOOK_{slot}_URL"] = f"http://host.docker.internal:300{slot}/"
        shell[f"WEBHOOK_{slot}_SECRETS"] = SECRET
        shell[f"WEBHOOK_{slot}_TYPES"] = "job.complete"
    settings = worker_settings(monkeypatch, shell)
    assert settings.announce_event_bus == "default"
    assert (settings.follow_jobs, len(settings.follow_queues)) == ("all", 1)
    assert [each.queue_url for each in settings.webhook_endpoints] == [f"{QUEUES}/webhook-{slot}" for slot in (1, 2, 3)]
    assert all(each.types == {"job.complete"} for each in settings.webhook_endpoints)


def test_provisioning_follows_the_queues_that_the_worker_follows() -> None:
    """The rule of EventBridge is made by provisioning, and the worker must expect the same events."""
    command, worker = SERVICES["provision"]["command"], SERVICES["worker"]["environment"]
    assert f"--parameter=FollowQueues={worker['FOLLOW_QUEUES']}" in command
    assert "--parameter=FollowJobs=${FOLLOW_JOBS:-own}" in command


def test_provisioning_names_the_queues_of_webhooks() -> None:
    """The containers start concurrently, so that no name can be generated."""
    assert "--parameter=WebhookQueuesName=webhook" in SERVICES["provision"]["command"]
    resources = templates.parse((ROOT / "infra" / "pipeline.yaml").read_text(encoding="utf-8"))["Resources"]
    for slot in (1, 2, 3):
        for name, suffix in ((f"Webhook{slot}Queue", ""), (f"Webhook{slot}DeadLetterQueue", "-dead-letters")):
            _, named, generated = resources[name]["Properties"]["QueueName"]["Fn::If"]
            assert named == {"Fn::Sub": f"${{WebhookQueuesName}}-{slot}{suffix}"}
            assert generated == {"Ref": "AWS::NoValue"}
