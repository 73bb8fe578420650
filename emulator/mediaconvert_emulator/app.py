"""Puts the emulator together: one application, its clients and tasks living as long as it does."""

import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from starlette.applications import Starlette

from mediaconvert_emulator.aws import Aws, Endpoints, open_aws
from mediaconvert_emulator.command import Encoder
from mediaconvert_emulator.emulator import Emulator
from mediaconvert_emulator.errors import ApiError
from mediaconvert_emulator.events import Names
from mediaconvert_emulator.publisher import Publisher
from mediaconvert_emulator.routes import api_error, routes
from mediaconvert_emulator.runner import Runner
from mediaconvert_emulator.scheduler import Scheduler
from mediaconvert_emulator.settings import EmulatorSettings
from mediaconvert_emulator.storage import Storage
from mediaconvert_emulator.store import JobStore
from mediaconvert_emulator.template_file import read_template
from mediaconvert_emulator.transcoder import find_ffmpeg

FLUSH_S = 2.0
TEMP_PREFIX = "mediaconvert-"

log = structlog.get_logger(__name__)


def create_app(settings: EmulatorSettings) -> Starlette:
    """The emulator as an ASGI application; its jobs run while its lifespan does."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        ffmpeg = find_ffmpeg(settings.ffmpeg_binary)
        temp_dir = _own_temp_dir(settings.temp_dir)
        try:
            endpoints = Endpoints(
                s3_url=settings.s3_endpoint_url or settings.aws_endpoint_url,
                events_url=settings.events_endpoint_url or settings.aws_endpoint_url,
            )
            async with open_aws(region=settings.region, endpoints=endpoints) as aws:
                emulator = assemble(settings, aws, ffmpeg=ffmpeg, temp_dir=temp_dir)
                for path in settings.templates:
                    emulator.create_template(read_template(path))
                app.state.emulator = emulator
                emulator.publisher.start()
                emulator.scheduler.start()
                log.info("mediaconvert.started", ffmpeg=ffmpeg, concurrency=settings.concurrency)
                try:
                    yield
                finally:
                    await emulator.scheduler.stop()
                    await emulator.publisher.stop(within_s=FLUSH_S)
                    log.info("mediaconvert.stopped")
        finally:
            shutil.rmtree(temp_dir, ignore_errors=True)

    app = Starlette(routes=routes(), lifespan=lifespan, exception_handlers={ApiError: api_error, Exception: api_error})
    app.state.public_url = settings.public_url
    return app


def assemble(settings: EmulatorSettings, aws: Aws, *, ffmpeg: str, temp_dir: Path) -> Emulator:
    """The emulator over open clients; nothing of it runs yet."""
    names = Names(region=settings.region, account_id=settings.account_id)
    publisher = Publisher(aws.events, source=settings.event_source, bus=settings.event_bus, chaos=settings.chaos)
    runner = Runner(
        storage=Storage(aws.s3, upload_concurrency=settings.upload_concurrency),
        ffmpeg=ffmpeg,
        encoder=Encoder(preset=settings.ffmpeg_preset, threads=settings.ffmpeg_threads),
        temp_dir=temp_dir,
    )
    return Emulator(
        names=names,
        queues=settings.queues,
        concurrency=settings.concurrency,
        jobs=JobStore(finished_kept=settings.finished_jobs_kept),
        publisher=publisher,
        scheduler=Scheduler(
            runner, publisher, names, concurrency=settings.concurrency, time_factor=settings.time_factor
        ),
    )


def _own_temp_dir(parent: Path) -> Path:
    """A folder of this process's own; those that killed processes left behind are removed."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{TEMP_PREFIX}*"):
        pid = re.match(rf"{TEMP_PREFIX}(\d+)-", left.name)
        if pid and not _is_alive(int(pid[1])):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{TEMP_PREFIX}{os.getpid()}-", dir=parent))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
