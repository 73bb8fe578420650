"""`python -m bench.streams`: what many streams of few jobs cost one process of the service.

The service runs in this process, on an embedded AWS of its own; the clients in another, so that its memory is its own.
Prints the memory, the reads of DynamoDB in a second, and how long a change takes to reach every client.
"""

import asyncio
import contextlib
import multiprocessing
import os
import resource
import socket
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from rich import print as say

from local.embedded import CREDENTIALS, embedded_aws
from local.provision import LOCAL_PARAMETERS, Stack, deploy, pipeline_template
from service.app import create_app
from service.resources import Resources
from service.server import Server
from service.settings import ServiceSettings
from transcode.job import Progressed

ROUNDS = 3
MEGABYTE = 1024


async def listen(port: int, job_ids: list[str], streams: int, told: Connection) -> None:
    """Open the streams, and tell each time that all of them have heard of a change."""
    heard = asyncio.Semaphore(0)

    async def follow(at: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /events?job_id={job_ids[at % len(job_ids)]} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        while line := await reader.readline():
            if line.startswith(b"event:"):
                heard.release()

    following = []
    for at in range(streams):
        following.append(asyncio.create_task(follow(at)))
        if at % 100 == 0:
            await asyncio.sleep(0.05)
    for _ in range(1 + ROUNDS):
        for _ in range(streams):
            await heard.acquire()
        told.send(time.monotonic())
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)


def clients(port: int, job_ids: list[str], streams: int, told: Connection) -> None:
    """Be the clients' process."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(listen(port, job_ids, streams, told))


async def measure(stack: Stack, *, streams: int, jobs: int) -> None:
    """Run the service and the clients, and print what it takes."""
    settings = ServiceSettings(
        input_bucket=stack.input_bucket,
        output_bucket=stack.output_bucket,
        input_file_table=stack.input_file_table,
        status_table=stack.status_table,
        aws_endpoint_url=stack.endpoint_url,
    )
    app = create_app(settings)
    config = uvicorn.Config(app, port=0, log_config=None)
    listener: socket.socket = config.bind_socket()
    server = Server(app, config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 -- uvicorn has no event for it
        await asyncio.sleep(0.01)
    opened: Resources = app.state.resources
    job_ids = [f"1-bench{at:04d}" for at in range(jobs)]
    reads = count_reads(opened)
    await advance(opened, job_ids, percent=1)
    idle_mb = memory_mb()
    heard, told = multiprocessing.Pipe(duplex=False)
    arguments = (listener.getsockname()[1], job_ids, streams, told)
    process = multiprocessing.get_context("spawn").Process(target=clients, args=arguments)
    process.start()
    await asyncio.to_thread(heard.recv)
    say(f"{streams} streams of {jobs} jobs: {memory_mb():.0f} MB ({idle_mb:.0f} MB before)")
    for percent in range(2, 2 + ROUNDS):
        before, began_s = len(reads), time.monotonic()
        await advance(opened, job_ids, percent=percent)
        reached_s = await asyncio.to_thread(heard.recv) - began_s
        rate = (len(reads) - before) / (time.monotonic() - began_s)
        say(f"a change of every job reached every client in {reached_s:.2f} s; {rate:.1f} reads a second")
    say(f"{memory_mb():.0f} MB at the end")
    process.join()
    server.should_exit = True
    await serving


def count_reads(opened: Resources) -> list[float]:
    """Return a list that grows with each BatchGetItem."""
    reads: list[float] = []
    client: Any = opened.statuses.client
    client.meta.events.register("before-call.dynamodb.BatchGetItem", lambda **_: reads.append(time.monotonic()))
    return reads


async def advance(opened: Resources, job_ids: list[str], *, percent: int) -> None:
    """Move every job on."""
    now_s = int(time.time())
    for job_id in job_ids:
        await opened.statuses.advance(Progressed(job_id=job_id, time_ms=percent, percent=percent), now_s=now_s)


def memory_mb() -> float:
    """Return this process's resident memory (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) / MEGABYTE


def main(
    streams: Annotated[int, typer.Option(help="Connections.")] = 5_000,
    jobs: Annotated[int, typer.Option(help="Jobs that they follow.")] = 100,
) -> None:
    """Measure what many streams of few jobs cost one process of the service."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with contextlib.ExitStack() as stack:
        endpoint_url = stack.enter_context(embedded_aws(port=port))
        environment = asyncio.run(
            deploy(pipeline_template(), endpoint_url=endpoint_url, stack_name="bench", parameters=LOCAL_PARAMETERS)
        )
        asyncio.run(measure(Stack.of(endpoint_url=endpoint_url, environment=environment), streams=streams, jobs=jobs))


if __name__ == "__main__":
    os.environ.update(CREDENTIALS)
    typer.run(main)
