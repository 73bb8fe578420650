"""`python -m service`: serve the API until SIGTERM or SIGINT."""

import structlog

from service.app import create_app
from service.server import serve
from service.settings import ServiceSettings
from transcode import log as logging
from transcode import telemetry
from transcode.settings import load

log = structlog.get_logger("service")


def main() -> None:
    """Serve the API until the process is stopped."""
    settings = load(ServiceSettings)
    logging.configure(level=settings.log_level, json=settings.log_format == "json")
    telemetry.start("service")
    if settings.auth_issuer is None:
        log.warning(
            "access.open", reason="no identity provider is configured: every client that reaches this API may use it"
        )
    else:
        log.info("access.restricted", issuer=settings.auth_issuer)
    try:
        serve(create_app(settings), settings)
    finally:
        telemetry.stop()


if __name__ == "__main__":
    main()
