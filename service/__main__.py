"""`python -m service`: serve the API until SIGTERM or SIGINT."""

import structlog

from service.app import create_app
from service.server import serve
from service.settings import ServiceSettings
from transcode.startup import running

log = structlog.get_logger("service")


def main() -> None:
    """Serve until stopped."""
    with running(ServiceSettings, process="service") as settings:
        if settings.auth_issuer is None:
            log.warning("access.open", reason="no identity provider is configured: every caller may use the API")
        else:
            log.info("access.restricted", issuer=settings.auth_issuer)
        serve(create_app(settings), settings)


if __name__ == "__main__":
    main()
