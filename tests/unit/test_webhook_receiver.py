"""The receiver of `make dev` prints what the worker signed, and nothing else."""

import json
import time

import httpx
import pytest

from local.webhook_receiver import receiver_app
from worker.webhooks.signature import headers

SECRET = "whsec_" + "A" * 32
OTHER = "whsec_" + "B" * 32
BODY = json.dumps(
    {"type": "job.complete", "timestamp": "2026-11-26T08:00:00Z", "data": {"job": {"file_name": "a\x1b[2J"}}}
)


async def post(body: str, sent: dict[str, str]) -> tuple[int, list[str]]:
    """Send the request, and return the response's status and the printed lines."""
    lines: list[str] = []
    transport = httpx.ASGITransport(receiver_app(SECRET, lines.append))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8004") as client:
        response = await client.post("/webhooks", content=body, headers=sent)
    return response.status_code, lines


async def test_a_signed_webhook_is_printed_with_type_id_and_data() -> None:
    """A file's name can't control the terminal."""
    status, (line,) = await post(BODY, headers("evt_1", BODY, [SECRET], now_s=int(time.time())))
    assert status == 204
    assert line == 'job.complete evt_1, signature verified: {"job": {"file_name": "a\\u001b[2J"}}'


@pytest.mark.parametrize(
    ("body", "secret", "age_s"), [(BODY, OTHER, 0), (BODY + " ", SECRET, 0), (BODY, SECRET, 3_600)]
)
async def test_a_forged_changed_or_old_webhook_is_refused(body: str, secret: str, age_s: int) -> None:
    """The reason is printed, and the content is not."""
    signed = headers("evt_1", BODY, [secret], now_s=int(time.time()) - age_s)
    status, (line,) = await post(body, signed)
    assert status == 400
    assert line.startswith("refused a request: ")
    assert "job.complete" not in line


async def test_a_request_without_the_headers_is_refused() -> None:
    """Any page in a browser can send one."""
    status, (line,) = await post(BODY, {})
    assert (status, line) == (400, "refused a request: the header webhook-id is missing")
