"""`python -m bench.aws_stub`: AWS that only answers, for rows where the emulator would be what is measured.

It keeps no rows and checks nothing: a read gives a row for whatever key is asked, a write is acknowledged, and a queue
holds as many messages as it was told at `POST /load?messages=…&jobs=…`. `GET /progress` tells how many are deleted, and
in what time. It answers at once, or as long after as it was told at `POST /delay?ms=…`. One process of uvloop and
httptools answers many times as fast as an emulator that does the work.
"""

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httptools
import uvloop

from bench.bench_aws import row
from bench.job_events import backlog

EMPTY_POLL_S = 1.0


@dataclass(slots=True)
class Queue:
    """Messages that wait, ready to be handed out."""

    waiting: list[bytes] = field(default_factory=list)
    loaded: int = 0
    deleted: int = 0
    writes: int = 0
    began_s: float = 0.0
    ended_s: float = 0.0

    def load(self, *, messages: int, jobs: int, bucket: str) -> None:
        """Hold so many messages about so many jobs."""
        bodies = islice(backlog(jobs=jobs, input_bucket=bucket), messages)
        self.waiting = [_message(at, body) for at, body in enumerate(bodies)][::-1]
        self.loaded, self.deleted, self.writes = messages, 0, 0
        self.began_s = self.ended_s = 0.0

    def take(self, most: int) -> bytes:
        """Return an answer to ReceiveMessage."""
        self.began_s = self.began_s or time.monotonic()
        taken = [self.waiting.pop() for _ in range(min(most, len(self.waiting)))]
        return b'{"Messages":[' + b",".join(taken) + b"]}"

    def delete(self, entries: list[Mapping[str, str]]) -> bytes:
        """Return an answer to DeleteMessageBatch."""
        self.deleted += len(entries)
        self.ended_s = time.monotonic()
        return json.dumps({"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []}).encode()


def _message(at: int, body: str) -> bytes:
    return json.dumps(
        {"MessageId": f"m{at}", "ReceiptHandle": f"r{at}", "Body": body, "Attributes": {"ApproximateReceiveCount": "1"}}
    ).encode()


QUEUES = {"job_events": Queue(), "uploads": Queue()}
DELAY_S = {"aws": 0.0}
NOW_S = int(time.time())


def answer(target: str, asked: Mapping[str, Any]) -> bytes:
    """Return the answer to a call of DynamoDB's or SQS's; `target` as in x-amz-target."""
    match target.rpartition(".")[2]:
        case "UpdateItem" | "PutItem":
            QUEUES["job_events"].writes += 1
            return b"{}"
        case "GetItem":
            (key,) = asked["Key"].values()
            return json.dumps({"Item": row(key["S"], now_s=NOW_S)}).encode()
        case "BatchGetItem":
            found = {
                table: [row(key["JobId"]["S"], now_s=NOW_S) for key in wanted["Keys"]]
                for table, wanted in asked["RequestItems"].items()
            }
            return json.dumps({"Responses": found, "UnprocessedKeys": {}}).encode()
        case "ReceiveMessage":
            return _queue(asked).take(asked.get("MaxNumberOfMessages", 1))
        case "DeleteMessageBatch":
            return _queue(asked).delete(asked["Entries"])
        case "GetQueueAttributes":
            policy = json.dumps(
                {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 5}
            )
            return json.dumps({"Attributes": {"RedrivePolicy": policy, "VisibilityTimeout": "30"}}).encode()
        case "GetQueueUrl":
            return b'{"QueueUrl":"http://127.0.0.1/000000000000/dead"}'
        case _:
            return b"{}"


def _queue(asked: Mapping[str, Any]) -> Queue:
    return QUEUES[asked["QueueUrl"].rsplit("/", 1)[-1]]


def command(path: str) -> bytes:
    """Do what the harness asks for."""
    parts = urlsplit(path)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    events = QUEUES["job_events"]
    if parts.path == "/load":
        events.load(messages=int(given["messages"]), jobs=int(given["jobs"]), bucket=given["bucket"])
    if parts.path == "/delay":
        DELAY_S["aws"] = float(given["ms"]) / 1000
    took_s = events.ended_s - events.began_s
    told = {"loaded": events.loaded, "deleted": events.deleted, "writes": events.writes, "took_s": took_s}
    return json.dumps(told).encode()


class Connection(asyncio.Protocol):
    """One client of the stub."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for requests."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """Begin a request."""
        self._path = b""
        self._target = ""
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        """Note the path."""
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note what is asked for."""
        if name.lower() == b"x-amz-target":
            self._target = value.decode()

    def on_body(self, body: bytes) -> None:
        """Note with what."""
        self._body += body

    def on_message_complete(self) -> None:
        """Answer; an empty queue only after a while, as a long poll does."""
        if not self._target:
            self._send(command(self._path.decode()))
            return
        asked = json.loads(self._body)
        said = answer(self._target, asked)
        if said == b'{"Messages":[]}' and asked.get("WaitTimeSeconds"):
            self._later(EMPTY_POLL_S, lambda: answer(self._target, asked))
        elif DELAY_S["aws"]:
            self._later(DELAY_S["aws"], lambda: said)
        else:
            self._send(said)

    def _later(self, delay_s: float, say: Callable[[], bytes]) -> None:
        def say_if_still_asked() -> None:
            if not self._transport.is_closing():  # a worker that has gone takes no message with it
                self._send(say())

        asyncio.get_running_loop().call_later(delay_s, say_if_still_asked)

    def _send(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
        if not self._transport.is_closing():
            self._transport.write(head % len(body) + body)


async def serve(port: int) -> None:
    """Answer until stopped."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(os.environ["PORT"])))
