"""`python -m bench.aws_stub`: an AWS with canned responses, for rows where the emulator would be the bottleneck.

It stores no rows and checks no requests. A read returns a row for any key, and a write is acknowledged. `POST
/load?queue=job_events&messages=…&jobs=…&bucket=…` (or `queue=uploads`) fills a queue, and `GET /progress?queue=…`
returns how many messages are deleted, and in what time.
Responses come at once, or after the delay set by `POST /delay?ms=…`. With uvloop and httptools, one process responds
much faster than an emulator that does the work.
"""

import asyncio
import json
import os
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httptools
import uvloop

from bench.bench_aws import row
from bench.job_events import backlog
from bench.upload_events import uploads

EMPTY_POLL_S = 1.0
NUMBERS_OF_MESSAGES = tuple(f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible", "Delayed"))


@dataclass(slots=True)
class Queue:
    """A queue's waiting messages, already encoded."""

    waiting: list[bytes] = field(default_factory=list)
    loaded: int = 0
    deleted: int = 0
    writes: int = 0
    began_s: float = 0.0
    ended_s: float = 0.0

    def load(self, bodies: Iterable[str], *, messages: int) -> None:
        """Fill the queue with `messages` messages."""
        self.waiting = [_message(at, body) for at, body in enumerate(islice(bodies, messages))][::-1]
        self.loaded, self.deleted, self.writes = messages, 0, 0
        self.began_s = self.ended_s = 0.0

    def receive(self, max_messages: int) -> bytes:
        """Return a response to ReceiveMessage."""
        self.began_s = self.began_s or time.monotonic()
        received = [self.waiting.pop() for _ in range(min(max_messages, len(self.waiting)))]
        return b'{"Messages":[' + b",".join(received) + b"]}"

    def delete(self, entries: list[Mapping[str, str]]) -> bytes:
        """Return a response to DeleteMessageBatch."""
        self.deleted += len(entries)
        self.ended_s = time.monotonic()
        return json.dumps({"Successful": [{"Id": entry["Id"]} for entry in entries], "Failed": []}).encode()


def _message(at: int, body: str) -> bytes:
    return json.dumps(
        {"MessageId": f"m{at}", "ReceiptHandle": f"r{at}", "Body": body, "Attributes": {"ApproximateReceiveCount": "1"}}
    ).encode()


QUEUES = {"job_events": Queue(), "submission": Queue(), "uploads": Queue()}
DELAY_S = {"aws": 0.0}
NOW_S = int(time.time())


def respond(target: str, request: Mapping[str, Any]) -> bytes:
    """Return the response to a DynamoDB or SQS call; `target` is the x-amz-target header."""
    match target.rpartition(".")[2]:
        case "UpdateItem" | "PutItem":
            QUEUES["job_events"].writes += 1
            return _written(request)
        case "GetItem":
            (key,) = request["Key"].values()
            return json.dumps({"Item": row(key["S"], now_s=NOW_S)}).encode()
        case "BatchGetItem":
            found = {
                table: [row(key["JobId"]["S"], now_s=NOW_S) for key in keys["Keys"]]
                for table, keys in request["RequestItems"].items()
            }
            return json.dumps({"Responses": found, "UnprocessedKeys": {}}).encode()
        case "ReceiveMessage":
            return _queue(request).receive(request.get("MaxNumberOfMessages", 1))
        case "DeleteMessageBatch":
            return _queue(request).delete(request["Entries"])
        case "GetQueueAttributes":
            policy = json.dumps(
                {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 1000}
            )
            numbers = dict.fromkeys(NUMBERS_OF_MESSAGES, "0")
            return json.dumps({"Attributes": {"RedrivePolicy": policy, "VisibilityTimeout": "30", **numbers}}).encode()
        case "GetQueueUrl":
            return b'{"QueueUrl":"http://127.0.0.1/000000000000/dead"}'
        case _:
            return b"{}"


def _written(request: Mapping[str, Any]) -> bytes:
    """Return the row of an update that requests it, as it would be after the write."""
    if request.get("ReturnValues") != "ALL_NEW":
        return b"{}"
    (key,) = request["Key"].values()
    return json.dumps({"Attributes": row(key["S"], now_s=NOW_S)}).encode()


def _queue(request: Mapping[str, Any]) -> Queue:
    return QUEUES[request["QueueUrl"].rsplit("/", 1)[-1]]


def command(path: str) -> bytes:
    """Handle a control request of the harness."""
    parts = urlsplit(path)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    queue = QUEUES[query.get("queue", "job_events")]
    if parts.path == "/load":
        queue.load(_bodies(query), messages=int(query["messages"]))
    if parts.path == "/delay":
        DELAY_S["aws"] = float(query["ms"]) / 1000
    took_s = queue.ended_s - queue.began_s
    progress = {"loaded": queue.loaded, "deleted": queue.deleted, "writes": queue.writes, "took_s": took_s}
    return json.dumps(progress).encode()


def _bodies(query: Mapping[str, str]) -> Iterable[str]:
    if query.get("queue") == "uploads":
        return uploads(input_bucket=query["bucket"])
    return backlog(jobs=int(query["jobs"]), input_bucket=query["bucket"])


class Connection(asyncio.Protocol):
    """One client of the stub."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Prepare to parse requests."""
        self._transport = cast("asyncio.Transport", transport)
        self._parser = httptools.HttpRequestParser(self)
        self.on_message_begin()

    def data_received(self, data: bytes) -> None:
        """Pass the data to the parser."""
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        """Reset the state for a new request."""
        self._path = b""
        self._target = ""
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        """Store the path."""
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Store the x-amz-target header."""
        if name.lower() == b"x-amz-target":
            self._target = value.decode()

    def on_body(self, body: bytes) -> None:
        """Store the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """Send the response; delay an empty ReceiveMessage response, as a long poll does."""
        if not self._target:
            self._send(command(self._path.decode()))
            return
        request = json.loads(self._body)
        response = respond(self._target, request)
        if response == b'{"Messages":[]}' and request.get("WaitTimeSeconds"):
            self._send_later(EMPTY_POLL_S, lambda: respond(self._target, request))
        elif DELAY_S["aws"]:
            self._send_later(DELAY_S["aws"], lambda: response)
        else:
            self._send(response)

    def _send_later(self, delay_s: float, get_response: Callable[[], bytes]) -> None:
        def send_if_open() -> None:
            if not self._transport.is_closing():  # a worker that has disconnected must not receive messages
                self._send(get_response())

        asyncio.get_running_loop().call_later(delay_s, send_if_open)

    def _send(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\n\r\n"
        if not self._transport.is_closing():
            self._transport.write(head % len(body) + body)


async def serve(port: int, *, tls_port: int, certificate: str) -> None:
    """Serve HTTP on one port and HTTPS on the other until stopped."""
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    await loop.create_server(Connection, "127.0.0.1", tls_port, ssl=context)
    server = await loop.create_server(Connection, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    environment = os.environ
    uvloop.run(
        serve(
            int(environment["PORT"]), tls_port=int(environment["TLS_PORT"]), certificate=environment["TLS_CERTIFICATE"]
        )
    )
