"""Ports of this machine that lead to other hosts. Imports nothing of the program.

In a container of the tests, localhost is that container, and the addresses that the system gives out (signed URLs, the
player's) name the localhost of its users. A relay makes both the same for every client, ffmpeg and AWS's included, and
leaves the Host header alone, which a signature covers.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence

CHUNK_BYTES = 64 * 1024


@contextlib.contextmanager
def relayed(targets: Mapping[str, str]) -> Iterator[None]:
    """For as long as the context, what connects to a port of 127.0.0.1 is connected to its target.

    Args:
        targets: `host:port` for each port.
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
    connections: set[asyncio.Task[None] | None] = set()  # the loop itself holds on to no task

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        connections.add(me)
        try:
            await relay(reader, writer)
        finally:
            connections.remove(me)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(host, int(target_port))
        except OSError:
            writer.close()  # the target isn't there: the client sees its connection end
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
    with contextlib.suppress(ConnectionError, RuntimeError):  # the other direction has ended both
        sink.write_eof()


async def _end(servers: Sequence[asyncio.Server]) -> None:
    for server in servers:
        server.close()
    mine = asyncio.current_task()
    others = [task for task in asyncio.all_tasks() if task is not mine]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0)  # what was aborted closes in the loop's next round
