"""The receivers in docs/webhooks.md accept our webhooks, and refuse forged and old ones."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from worker.webhooks import signature

from .process_settings import WEBHOOK_SECRET

DOCUMENT = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
BODY = '{"type": "job.complete", "timestamp": "2026-11-26T08:00:00Z", "data": {"job": {"status": "COMPLETE"}}}'
EXPRESS = """
import { createServer } from "node:http";
const express = () => {
  let handler;
  return {
    post: (_path, _parser, given) => { handler = given; },
    listen: (port) => createServer(async (request, response) => {
      request.body = "";
      for await (const chunk of request) request.body += chunk;
      request.get = (name) => request.headers[name];
      response.sendStatus = (status) => { response.statusCode = status; response.end(); };
      handler(request, response);
    }).listen(port, "127.0.0.1"),
  };
};
express.text = () => undefined;
"""
"""The part of Express that the example uses, so that the test needs no package."""


def example(language: str) -> str:
    """Return the example in this language."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    return str(code)


def fastapi_command(folder: Path, port: int) -> list[str]:
    """Return the command that runs the receiver in FastAPI."""
    (folder / "receiver.py").write_text(example("python"))
    return [sys.executable, "-m", "uvicorn", "receiver:app", "--port", str(port)]


def express_command(folder: Path, _port: int) -> list[str]:
    """Return the command that runs the receiver in Express."""
    if shutil.which("node") is None:
        pytest.skip("no Node.js to run the receiver")  # as in the image of Docker Compose's tests
    code = example("javascript").replace('import express from "express";', EXPRESS)
    (folder / "receiver.mjs").write_text(code)
    return ["node", "receiver.mjs"]


@contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[str]:
    """Run a receiver, and yield its URL."""
    environment = {**os.environ, "WEBHOOK_SECRET": WEBHOOK_SECRET, "PORT": str(port)}
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            yield f"http://127.0.0.1:{port}/webhooks"
        finally:
            process.terminate()


def post(url: str, body: str, headers: dict[str, str]) -> int:
    """Return the receiver's status, once it listens."""
    deadline_s = time.monotonic() + 60
    while True:
        try:
            return httpx.post(url, content=body, headers=headers).status_code
        except httpx.ConnectError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.1)


@pytest.mark.parametrize("command", [fastapi_command, express_command])
def test_the_receivers_accept_what_is_signed_now_and_nothing_else(
    command: Callable[[Path, int], list[str]], tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """A second secret during a rotation is accepted; a changed body and an old timestamp are not."""
    port, now_s = free_port(), int(time.time())
    other = "whsec_" + "A" * 32
    with running(command(tmp_path, port), tmp_path, port) as url:
        assert post(url, BODY, signature.headers("evt_1", BODY, [other, WEBHOOK_SECRET], now_s=now_s)) == 204
        signed = signature.headers("evt_1", BODY, [WEBHOOK_SECRET], now_s=now_s)
        assert post(url, BODY.replace("COMPLETE", "ERROR"), signed) == 400
        assert post(url, BODY, signature.headers("evt_1", BODY, [other], now_s=now_s)) == 400
        assert post(url, BODY, signature.headers("evt_1", BODY, [WEBHOOK_SECRET], now_s=now_s - 600)) == 400
