"""A signed webhook of a deployment on Lambda: from an upload, through the queues and functions, to a receiver.

The embedded AWS runs all of it, and enforces the roles. Only the receiver's address is set on the function afterwards:
the template accepts https only, and the worker sends to no private address unless WEBHOOKS_ALLOW_LOCAL is set, which no
template does.
"""

import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.deploy.deployments import CommandResult, Deployment, poll_until
from tests.system.webhook_inbox import Inbox, webhook_inbox

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the package is for Linux")

DEADLINE_S = 120
"""Cold starts dominate: each starts a process on a small machine."""
NO_VIDEO = b"not a video"


@pytest.fixture
def inbox(deployment: Deployment, second_release: CommandResult, webhook_secret: str) -> Iterator[Inbox]:
    """A receiver on this machine, to which a version of the worker's function of its own sends."""
    assert second_release.code == 0
    functions, name = deployment.client("lambda"), deployment.outputs("lambda")["WorkerFunction"]
    live = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    variables = functions.get_function_configuration(FunctionName=name, Qualifier=live)["Environment"]["Variables"]
    with webhook_inbox(webhook_secret) as receiver:
        local = {**variables, "WEBHOOK_1_URL": receiver.url, "WEBHOOKS_ALLOW_LOCAL": "true"}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": local})
        version = functions.publish_version(FunctionName=name, Description="local receiver")["Version"]
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=version)
        yield receiver
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
        functions.update_alias(FunctionName=name, Name="live", FunctionVersion=live)


def test_the_end_of_an_upload_reaches_a_receiver_with_a_valid_signature(
    deployment: Deployment, api: httpx.Client, inbox: Inbox
) -> None:
    """The worker's function announces the end, and another invocation signs it with the secret that its role reads."""
    fields = {"file_name": "clip.mp4", "content_type": "video/mp4", "size_bytes": len(NO_VIDEO), "external_id": "v-1"}
    upload = api.post("/uploads", json=fields).raise_for_status().json()
    httpx.put(upload["url"], headers=upload["headers"], content=NO_VIDEO, trust_env=False).raise_for_status()
    input_file = upload["input_file"]
    types = poll_until(lambda: inbox.types(input_file), lambda found: "job.error" in found, deadline_s=DEADLINE_S)
    assert "job.error" in types, (types, deployment.log("worker"))
    assert set(types) <= {"job.submitted", "job.error"}  # in any order
    assert inbox.refused == []
    job = inbox.job(input_file, "job.error")
    assert (job["status"], job["external_id"], job["file_name"]) == ("ERROR", "v-1", "clip.mp4")
    shown = api.get("/jobs", params={"input_file": input_file}).raise_for_status().json()
    assert (shown["job_id"], shown["error"]) == (job["job_id"], job["error"])
