"""Local ports that forward connections to other hosts. Imports nothing from the program.

In a container of the tests, localhost is that container, but the addresses that the system returns (signed URLs, the
player's) name the localhost of its users. A relay makes both the same for every client, including ffmpeg and the AWS
SDK, and doesn't change the Host header, which a signature covers.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence

CHUNK_BYTES = 64 * 1024


@contextlib.contextmanager
def relayed_ports(targets: Mapping[str, str]) -> Iterator[None]:
    """Forward connections to ports of 127.0.0.1 to their targets, for the length of the context.

    Args:
        targets: `host:port` for each local port.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="relay", daemon=True)
    thread.start()
    servers: list[asyncio.Server] = []
    try:
        for port, target in targets.items():
            servers.append(asyncio.run_coroutine_threadsafe(_listen(int(port), target), loop).result(10))
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_end(servers), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _listen(port: int, target: str) -> asyncio.Server:
    host, _, target_port = target.rpartition(":")
    connections: set[asyncio.Task[None] | None] = set()  # an event loop keeps only weak references to tasks

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        this_task = asyncio.current_task()
        connections.add(this_task)
        try:
            await relay(reader, writer)
        finally:
            connections.remove(this_task)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, int(target_port))
        except OSError:
            writer.close()  # the target is down, so the client's connection ends too
            return
        try:
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        finally:
            far_writer.transport.abort()
            writer.transport.abort()

    return await asyncio.start_server(connect, "127.0.0.1", port)


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while chunk := await source.read(CHUNK_BYTES):
            sink.write(chunk)
            await sink.drain()
    with contextlib.suppress(ConnectionError, RuntimeError):  # the other direction may have closed both connections
        sink.write_eof()


async def _end(servers: Sequence[asyncio.Server]) -> None:
    for server in servers:
        server.close()
    this_task = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not this_task]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # aborted transports close in the loop's next iteration
