"""Logging: one structured line an event, as JSON or for a terminal, the standard library's loggers included."""

import io
import logging
import sys

import structlog

from transcode import telemetry


def _without_colors(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drop uvicorn's second copy of its message, which is for terminals that know nothing of ours."""
    event.pop("color_message", None)
    return event


def _console() -> structlog.typing.Processor:
    # Plain tracebacks: the pretty ones print local variables, and a key may be among them.
    return structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)


def configure(*, level: str, json: bool) -> None:
    """Send every log line of the process to stdout; `level` is a name of the standard library's."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _without_colors,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        # Counted before it may be dropped: what is not logged has happened all the same.
        processors=[
            telemetry.count,
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    rendering: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if json
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a foreign text must not stop a log line
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # botocore says at INFO where it found credentials, and at DEBUG whole requests, keys and signatures with them.
    # Mangum says of each request what service/api/middleware/request_log.py says better, of fewer.
    for chatty in ("botocore", "aiobotocore", "boto3", "urllib3", "asyncio", "mangum"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
