"""The command `python -m mediaconvert_emulator`, also installed as `mediaconvert-emulator`."""

import sys

import structlog
from botocore.session import get_session
from pydantic import ValidationError

from mediaconvert_emulator.log import configure
from mediaconvert_emulator.server import serve
from mediaconvert_emulator.settings import EmulatorSettings
from mediaconvert_emulator.transcoder import find_ffmpeg


class StartError(Exception):
    """A requirement is missing or a setting is wrong; the message is one line."""


def main() -> int:
    """Serve until a signal stops the process.

    Returns:
        The exit status: 2 if a requirement is missing or a setting is wrong, 1 if the port can't be opened, else 0.
    """
    try:
        settings = read_settings()
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    log_format = settings.log_format or ("console" if sys.stdout.isatty() else "json")
    configure(level=settings.log_level.upper(), json=log_format == "json")
    structlog.get_logger(__name__).info("mediaconvert.listening", host=settings.host, port=settings.port)
    return 0 if serve(settings) else 1


def read_settings() -> EmulatorSettings:
    """Return the settings after checking that ffmpeg and AWS credentials exist.

    Raises:
        StartError: A setting is wrong, or ffmpeg or the credentials are missing.
    """
    try:
        settings = EmulatorSettings()
        find_ffmpeg(settings.ffmpeg_binary)
    except ValidationError as error:
        first = error.errors()[0]
        raise StartError(f"MEDIACONVERT_{str(first['loc'][0]).upper()}: {first['msg']}") from error
    except FileNotFoundError as error:
        raise StartError(str(error)) from error
    if get_session().get_credentials() is None:
        raise StartError(
            "AWS_ACCESS_KEY_ID: no AWS credentials; an emulator of AWS accepts any, for example test and test"
        )
    return settings


if __name__ == "__main__":
    sys.exit(main())
