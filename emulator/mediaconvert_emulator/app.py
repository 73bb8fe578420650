"""Builds the ASGI application. Its AWS clients and tasks start and stop with its lifespan."""

import asyncio
import os
import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from starlette.applications import Starlette

from mediaconvert_emulator.account_resources import AccountState, NamedStore
from mediaconvert_emulator.aws import Aws, Endpoints, open_aws
from mediaconvert_emulator.child_limits import ChildLimits
from mediaconvert_emulator.emulator import Emulator
from mediaconvert_emulator.errors import ApiError
from mediaconvert_emulator.event_sinks import EventBridgeSink, EventSink, NoSink, WebhookSink
from mediaconvert_emulator.events import Account
from mediaconvert_emulator.ffmpeg_command import EncoderSettings
from mediaconvert_emulator.job_folder import JobFolder
from mediaconvert_emulator.probe_operation import CONCURRENCY, ProbeOperation
from mediaconvert_emulator.probe_process import ProbeLimits
from mediaconvert_emulator.publisher import Publisher
from mediaconvert_emulator.queues import QueueQuotas, QueueStore
from mediaconvert_emulator.request_gate import RequestGate
from mediaconvert_emulator.routes import api_error, routes
from mediaconvert_emulator.runner import JobRunner
from mediaconvert_emulator.scheduler import Scheduler, SchedulerLimits, now_ms
from mediaconvert_emulator.settings import EmulatorSettings
from mediaconvert_emulator.storage import Storage
from mediaconvert_emulator.store import JobStore
from mediaconvert_emulator.template_file import read_template
from mediaconvert_emulator.transcoder import TranscodeLimits, find_ffmpeg

FLUSH_S = 2.0
TEMP_PREFIX = "mediaconvert-"

log = structlog.get_logger(__name__)


def create_app(settings: EmulatorSettings) -> Starlette:
    """Return the emulator as an ASGI application; its jobs run during its lifespan."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        ffmpeg = find_ffmpeg(settings.ffmpeg_binary)
        temp_dir = _make_temp_dir(settings.temp_dir)
        try:
            endpoints = Endpoints(
                s3_url=settings.s3_endpoint_url or settings.aws_endpoint_url,
                events_url=settings.events_endpoint_url or settings.aws_endpoint_url,
            )
            async with open_aws(region=settings.region, endpoints=endpoints) as aws:
                emulator = create_emulator(settings, aws, ffmpeg=ffmpeg, temp_dir=temp_dir)
                for path in settings.templates:
                    emulator.create_template(read_template(path))
                app.state.emulator = emulator
                emulator.restore_jobs()
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


def create_emulator(settings: EmulatorSettings, aws: Aws, *, ffmpeg: str, temp_dir: Path) -> Emulator:
    """Return the emulator on open AWS clients; its tasks are not started yet."""
    account = Account(region=settings.region, account_id=settings.account_id)
    publisher = Publisher(_event_sink(settings, aws, account), chaos=settings.chaos)
    probe_limits = ProbeLimits(memory_bytes=settings.child_memory_mb << 20, timeout_s=settings.probe_timeout_s)
    runner = JobRunner(
        storage=Storage(aws.s3, upload_concurrency=settings.upload_concurrency),
        ffmpeg=ffmpeg,
        encoder=EncoderSettings(preset=settings.ffmpeg_preset, threads=settings.ffmpeg_threads),
        temp_dir=temp_dir,
        probe_limits=probe_limits,
        transcode_limits=TranscodeLimits(
            child=ChildLimits(memory_bytes=settings.child_memory_mb << 20, file_bytes=settings.child_file_mb << 20),
            stall_timeout_s=settings.stall_timeout_s,
        ),
    )
    quotas = QueueQuotas(queues=settings.queues_quota, concurrent_jobs=settings.concurrent_jobs_quota)
    queues = QueueStore(settings.queues, now_ms=now_ms(), quotas=quotas)
    folder = JobFolder(settings.data_dir / "jobs") if settings.data_dir else None
    jobs = JobStore(finished_kept=settings.finished_jobs_kept, folder=folder)
    limits = SchedulerLimits(concurrency=settings.concurrency, time_factor=settings.time_factor)
    return Emulator(
        account=account,
        concurrency=settings.concurrency,
        is_strict=settings.strict,
        jobs=jobs,
        gate=RequestGate(settings.rates, time.monotonic(), failures=settings.chaos.fail_requests),
        publisher=publisher,
        probe_operation=ProbeOperation(s3=aws.s3, limits=probe_limits, slots=asyncio.Semaphore(CONCURRENCY)),
        scheduler=Scheduler(runner, publisher, account, queues, limits, jobs),
        queues=queues,
        state=AccountState(
            templates=NamedStore("job template", settings.job_templates_quota),
            presets=NamedStore("preset", settings.presets_quota),
        ),
    )


def _event_sink(settings: EmulatorSettings, aws: Aws, account: Account) -> EventSink:
    if settings.event_webhook is not None:
        return WebhookSink(url=str(settings.event_webhook), source=settings.event_source, account=account)
    if settings.events == "none":
        return NoSink()
    return EventBridgeSink(client=aws.events, source=settings.event_source, bus=settings.event_bus)


def _make_temp_dir(parent: Path) -> Path:
    """Make this process's folder, and remove the folders of processes that were killed."""
    parent.mkdir(parents=True, exist_ok=True)
    for folder in parent.glob(f"{TEMP_PREFIX}*"):
        pid = re.match(rf"{TEMP_PREFIX}(\d+)-", folder.name)
        if pid and not _is_alive(int(pid[1])):
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{TEMP_PREFIX}{os.getpid()}-", dir=parent))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
