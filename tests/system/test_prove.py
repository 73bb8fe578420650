"""`make prove`, as an operator calls it, on a running system."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fake_issuer import LittleIssuer, little_issuer
from tests.playback_server import GuardedPlayback, guarded_playback

from .running_system import System

UPLOADS = ("upload by PUT", "upload in parts", "playback", "progress", "cancel", "retry", "unreadable file", "deletion")


def prove(system: System, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m prove` with the credentials of the system's AWS."""
    return subprocess.run(
        [sys.executable, "-m", "prove", "--report", str(folder), *arguments],
        env={**system.environment, "AWS_ENDPOINT_URL": system.aws_url, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def report_of(folder: Path) -> dict[str, Any]:
    """Return the JSON report, with its steps by name."""
    report: dict[str, Any] = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    return {**report, "steps": {each["name"]: each for each in report["steps"]}}


def number_of_objects(system: System) -> int:
    """Return the number of objects in both buckets."""
    s3 = system.client("s3")
    buckets = [system.settings[name] for name in ("INPUT_BUCKET", "OUTPUT_BUCKET")]
    pages = [page for bucket in buckets for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)]
    return sum(page["KeyCount"] for page in pages)


def test_a_running_system_is_proven_and_cleaned_up(system: System, tmp_path: Path) -> None:
    """Every step passes, each event is compared, and no object and no copy of the events remains."""
    objects = number_of_objects(system)
    done = prove(system, tmp_path, "--api", system.api_url, "--events")
    assert done.returncode == 0, done.stdout + done.stderr
    report = report_of(tmp_path)
    outcomes = {name: step["outcome"] for name, step in report["steps"].items()}
    assert {outcomes[name] for name in (*UPLOADS, "dead-letter queues", "deleted objects", "events of AWS")} == {
        "passed"
    }
    assert (outcomes["guarded playback"], report["undeclared_responses"]) == ("skipped", [])
    assert report["cents"] > 1
    kinds = report["fields_sent_and_not_read"]
    assert "accountId" in kinds["event MediaConvert Job State Change COMPLETE"]
    assert not [name for name in (*kinds, *report["fields_expected_and_not_sent"]) if not name.startswith("event ")]
    assert number_of_objects(system) == objects
    assert not [url for url in system.client("sqs").list_queues().get("QueueUrls", []) if "-prove-" in url]
    assert not [rule for rule in system.client("events").list_rules()["Rules"] if "-prove-" in rule["Name"]]


def test_a_deployment_that_does_not_exist_is_an_error_in_one_line(system: System, tmp_path: Path) -> None:
    """The line names the account and the Region."""
    done = prove(system, tmp_path, "--stack", "no-such")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("prove: there is no no-such in account 000000000000, ")


@pytest.fixture(scope="module")
def issuer() -> Iterator[LittleIssuer]:
    """Yield the identity provider of the callers."""
    with little_issuer() as provider:
        yield provider


@pytest.fixture(scope="module")
def guarded(system: System, issuer: LittleIssuer, free_port: Callable[[], int]) -> Iterator[GuardedPlayback]:
    """Yield the addresses of a service that requires tokens, behind CloudFront's stand-in."""
    if "TEST_SYSTEM" in os.environ:
        pytest.skip("starts its own service and playback on this machine")
    settings = {**system.settings, "AWS_ENDPOINT_URL": system.aws_url}
    with guarded_playback(settings, issuer_url=issuer.url, free_port=free_port, log=system.log) as started:
        yield started


def test_guarded_playback_is_proven_through_the_public_address_only(
    system: System, guarded: GuardedPlayback, issuer: LittleIssuer, tmp_path: Path
) -> None:
    """Without AWS credentials, the proof skips the steps that need them, and keeps the token out of its report."""
    token = issuer.token("ada", exp=4_000_000_000)
    without_credentials = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    options = ("--api", guarded.public_url, "--public-only")
    done = prove(system, tmp_path, *options, API_TOKEN=token, **without_credentials)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = report_of(tmp_path)["steps"]
    assert {steps[name]["outcome"] for name in (*UPLOADS, "access", "guarded playback")} == {"passed"}
    assert steps["guarded playback"]["text"] == "a player without cookies gets 403 for the key file"
    assert {steps[name]["outcome"] for name in ("dead-letter queues", "alarms", "deleted objects")} == {"skipped"}
    written = done.stdout + (tmp_path / "proof.md").read_text("utf-8") + (tmp_path / "proof.json").read_text("utf-8")
    assert not [secret for secret in (token, "Signature", "Policy=", "X-Amz-") if secret in written]


def test_a_missing_token_ends_the_proof_with_the_next_step(
    system: System, guarded: GuardedPlayback, tmp_path: Path
) -> None:
    """No later step runs."""
    done = prove(system, tmp_path, "--api", guarded.public_url, "--public-only")
    steps = report_of(tmp_path)["steps"]
    assert (done.returncode, list(steps)) == (1, ["ready", "access"])
    assert steps["access"]["text"].startswith("the API requires a token: set API_TOKEN")
