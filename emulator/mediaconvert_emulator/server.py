"""Serves the emulator: as a process of its own, or in a thread of a test's."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from mediaconvert_emulator.app import create_app
from mediaconvert_emulator.settings import EmulatorSettings

START_WITHIN_S = 20.0
GRACE_S = 2


def serve(settings: EmulatorSettings) -> bool:
    """Serve until SIGTERM or SIGINT, then kill ffmpeg and clean up. False if it never started; the log says why."""
    server = uvicorn.Server(_config(settings))
    server.run()
    return server.started


@contextmanager
def serving(settings: EmulatorSettings) -> Iterator[str]:
    """Serve in a thread, for as long as the context; gives the base URL. Port 0 takes a free one.

    Raises:
        RuntimeError: it didn't start; the log says why.
    """
    config = _config(settings)
    listener = config.bind_socket()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="mediaconvert-emulator")
    thread.start()
    try:
        deadline = time.monotonic() + START_WITHIN_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("The MediaConvert emulator didn't start")
            time.sleep(0.01)
        yield f"http://{settings.host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _config(settings: EmulatorSettings) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        loop="asyncio",  # uvloop can't start processes outside the main thread
        log_config=None,
        access_log=False,
        ws="none",
        timeout_graceful_shutdown=GRACE_S,
    )
