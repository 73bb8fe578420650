"""The start and the end of a process: its settings, logging, telemetry and AWS clients.

Every entry point uses this module, so that each process reads, configures and logs the same things in the same order.
"""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TypeVar

from transcode import log, telemetry
from transcode.aws import Aws, open_aws
from transcode.settings import Settings, load

SettingsType = TypeVar("SettingsType", bound=Settings)


def start(settings_type: type[SettingsType], *, process: str) -> SettingsType:
    """Return the settings, after configuring logging and telemetry by them; `process` names the process in traces.

    Exit with status 2 and one line on stderr if a setting is missing or wrong.
    """
    settings = load(settings_type)
    log.configure(level=settings.log_level, json=settings.log_format == "json")
    telemetry.start(process)
    return settings


@contextmanager
def running(settings_type: type[SettingsType], *, process: str) -> Iterator[SettingsType]:
    """Yield the settings as `start` returns them, and send the telemetry that is left when the process ends."""
    settings = start(settings_type, process=process)
    try:
        yield settings
    finally:
        telemetry.stop()


def aws_of(settings: Settings, *, in_threads: bool = False) -> AbstractAsyncContextManager[Aws]:
    """Return the context in which a process opens its AWS clients; `in_threads` is for Lambda functions."""
    return open_aws(region=settings.aws_region, endpoint_url=settings.aws_endpoint_url, in_threads=in_threads)
