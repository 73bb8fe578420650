"""The parts of the whole system on one machine, as data: what is started, with which settings, on which port. Pure."""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from local import embedded
from local.playback_key import KeyPair

HOST = "127.0.0.1"

PLAYBACK_KEY_PAIR_ID = "LOCAL"
"""What CloudFront would make up for a public key."""

_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where the parts listen, on this machine only."""

    api: int = 8000
    playback: int = 8001
    mediaconvert: int = 8002
    aws: int = 8003

    def named(self) -> dict[str, int]:
        """Each part that listens, with its port."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def ports(environment: Mapping[str, str]) -> Ports:
    """The ports that `DEV_API_PORT`, `DEV_PLAYBACK_PORT`, `DEV_MEDIACONVERT_PORT` and `DEV_AWS_PORT` ask for.

    Raises:
        ValueError: one of them is no port, or two are the same; the message is one line.
    """
    chosen: dict[str, int] = Ports().named()
    for name in chosen:
        variable = f"DEV_{name.upper()}_PORT"
        if value := environment.get(variable):
            if not value.isdecimal() or not 0 < int(value) <= _HIGHEST_PORT:
                raise ValueError(f"{variable} must be a port, 1 to {_HIGHEST_PORT}, not {value!r}")
            chosen[name] = int(value)
    if len(set(chosen.values())) < len(chosen):
        told = ", ".join(f"{name} {port}" for name, port in chosen.items())
        raise ValueError(f"each part needs a port of its own, not {told}")
    return Ports(**chosen)


def url(port: int) -> str:
    """The address of what listens on a port of this machine."""
    return f"http://{HOST}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process of the system."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    """All of the process's environment."""
    health_url: str | None = None
    """Answers 200 once the part is ready."""
    ready_line: str | None = None
    """For a part that doesn't listen: words of the log line that says it is ready."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 8
    """Seconds from that signal to SIGKILL."""


def environment(inherited: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """What every part finds in its environment: this machine's AWS, and nothing of the user's own AWS account."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    local = ",".join(filter(None, [kept.get("NO_PROXY"), HOST, "localhost"]))
    return {
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "console",
        **kept,
        **embedded.CREDENTIALS,
        "AWS_ENDPOINT_URL": url(ports.aws),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": local,
        "no_proxy": local,
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
    }


def foundation(ports: Ports, shared: Mapping[str, str], *, scratch: Path) -> tuple[Part, ...]:
    """AWS and MediaConvert, which provisioning fills.

    Raises:
        EmbeddedAwsError: the embedded AWS is not installed.
    """
    return (
        Part(
            name="aws",
            command=tuple(embedded.command()),
            environment={**shared, **embedded.environment(port=ports.aws, scratch=scratch)},
            health_url=url(ports.aws) + embedded.HEALTH_PATH,
            stop_signal=signal.SIGKILL,  # it keeps nothing, and asked to end it logs a traceback a connection
        ),
        Part(
            name="mediaconvert",
            command=(sys.executable, "-m", "mediaconvert_emulator"),
            environment={
                "MEDIACONVERT_TIME_FACTOR": "10",  # an update every 10 s of MediaConvert's is one every second here
                **shared,
                "MEDIACONVERT_HOST": HOST,
                "MEDIACONVERT_PORT": str(ports.mediaconvert),
            },
            health_url=url(ports.mediaconvert) + "/_emulator/health",
        ),
    )


def settings(ports: Ports, provisioned: Mapping[str, str]) -> dict[str, str]:
    """The settings of the service, the worker and playback: what was provisioned, and where this machine has it."""
    return {
        **provisioned,
        "MEDIACONVERT_ENDPOINT_URL": url(ports.mediaconvert),
        "MEDIACONVERT_ROLE": "arn:aws:iam::000000000000:role/mediaconvert",
        "PLAYBACK_BASE_URL": url(ports.playback),
        "S3_PUBLIC_ENDPOINT_URL": url(ports.aws),
    }


def application(
    ports: Ports,
    shared: Mapping[str, str],
    provisioned: Mapping[str, str],
    *,
    playback_keys: KeyPair | None = None,
) -> tuple[Part, ...]:
    """Playback, the service and the worker, which need what was provisioned.

    With `playback_keys` the service gives cookies, and playback asks for them.
    """
    configured = {
        "CORS_ALLOW_ORIGINS": "*",
        "WEB_DIR": str(embedded.ROOT / "web" / "dist"),
        "STATUS_UPDATE_INTERVAL_S": "10",
        "STOP_GRACE_S": "5",
        **shared,
        **settings(ports, provisioned),
    }
    return (
        Part(
            name="playback",
            command=(sys.executable, "-m", "local.playback"),
            environment={
                **configured,
                **_asking_for_cookies(playback_keys),
                "PLAYBACK_HOST": HOST,
                "PLAYBACK_PORT": str(ports.playback),
            },
            health_url=url(ports.playback) + "/healthz",
        ),
        Part(
            name="service",
            command=(sys.executable, "-m", "service"),
            environment={**configured, **_giving_cookies(playback_keys), "HOST": HOST, "PORT": str(ports.api)},
            health_url=url(ports.api) + "/readyz",
        ),
        Part(
            name="worker",
            command=(sys.executable, "-m", "worker"),
            environment=configured,
            ready_line="worker.ready",
        ),
    )


def _giving_cookies(keys: KeyPair | None) -> dict[str, str]:
    return {"PLAYBACK_KEY_PAIR_ID": PLAYBACK_KEY_PAIR_ID, "PLAYBACK_PRIVATE_KEY": keys.private_pem} if keys else {}


def _asking_for_cookies(keys: KeyPair | None) -> dict[str, str]:
    return {"PLAYBACK_KEY_PAIR_ID": PLAYBACK_KEY_PAIR_ID, "PLAYBACK_PUBLIC_KEY": keys.public_pem} if keys else {}
