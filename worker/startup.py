"""The start of the worker and of its commands: settings, logging, telemetry, and one line if AWS can't be reached."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from transcode.startup import running
from worker.queue import QueueUnusableError
from worker.settings import WorkerSettings
from worker.submission.profile_rule import UnusableTemplateError

log = structlog.get_logger("worker")


@contextmanager
def worker_process(unusable: str) -> Iterator[WorkerSettings]:
    """Yield the settings of the worker, or of one of its commands.

    Exit with status 1 and one log line, the event `unusable`, if AWS, a queue or a job template can't be used.
    """
    with running(WorkerSettings, process="worker") as settings:
        try:
            yield settings
        except (QueueUnusableError, UnusableTemplateError, BotoCoreError, ClientError) as error:
            log.critical(unusable, reason=str(error))
            sys.exit(1)
