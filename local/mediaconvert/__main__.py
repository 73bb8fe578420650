"""`python -m local.mediaconvert`: the emulator alone."""

import logging
import sys

import structlog
from pydantic import ValidationError

from local.mediaconvert.server import serve
from local.mediaconvert.settings import EmulatorSettings


def main() -> int:
    """Serve until told to stop; 2 if a setting is wrong."""
    try:
        settings = EmulatorSettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "MEDIACONVERT_" + "_".join(str(part) for part in first["loc"]).upper()
        sys.stderr.write(f"{name}: {first['msg']}\n")
        return 2
    level = logging.getLevelName(settings.log_level.upper())
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    structlog.get_logger(__name__).info("mediaconvert.listening", host=settings.host, port=settings.port)
    serve(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
