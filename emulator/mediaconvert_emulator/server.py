"""Serves the emulator over HTTP: in this process, or in a thread for tests."""

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
    """Serve until SIGTERM or SIGINT, then stop ffmpeg and remove the files.

    Returns:
        False if the server never started; the log contains the reason.
    """
    server = uvicorn.Server(_config(settings))
    server.run()
    return server.started


@contextmanager
def serving(settings: EmulatorSettings) -> Iterator[str]:
    """Serve in a thread while the context is open; yield the base URL. Port 0 selects a free port.

    Raises:
        RuntimeError: The server didn't start; the log contains the reason.
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
