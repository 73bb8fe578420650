"""Logging: one structured line for each event, as JSON or for a terminal, also for the standard library's loggers."""

import io
import logging
import sys

import structlog

from transcode import telemetry


def _without_colors(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Drop uvicorn's second copy of its message, which contains terminal colours."""
    event.pop("color_message", None)
    return event


_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}


def _without_control_characters(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Escape the control characters of every text: a caller's text must not control the terminal that shows it."""
    return {name: value.translate(_ESCAPES) if isinstance(value, str) else value for name, value in event.items()}


def configure(*, level: str, json: bool) -> None:
    """Send every log line of the process to stdout; `level` is a level's name in the standard library."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _without_colors,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        # Events are counted before the filter: an event below the log level happened, too.
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
    # Plain tracebacks: structlog's default ones print local variables, and an encryption key may be among them.
    console = structlog.dev.ConsoleRenderer(
        colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    rendering: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if json
        else [_without_control_characters, console]
    )
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A character that stdout can't encode must not lose a log line.
        sys.stdout.reconfigure(errors="backslashreplace")
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
    # At INFO botocore logs where it found credentials, and at DEBUG whole requests with keys and signatures.
    # Mangum logs each request; service/api/middleware/request_log.py logs those worth a line.
    for chatty in ("botocore", "aiobotocore", "boto3", "urllib3", "asyncio", "mangum"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
