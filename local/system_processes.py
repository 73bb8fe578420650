"""The processes of the whole system on one machine, as data: commands, environments and ports. Pure."""

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from local import embedded_aws
from local.playback_key import KeyPair

HOST = "127.0.0.1"

PLAYBACK_KEY_PAIR_ID = "LOCAL"
"""Stands for the id that CloudFront generates for a public key."""

DEFAULT_WEBHOOKS_PORT = 8004
WEBHOOKS_PATH = "/webhooks"
_MAX_PORT = 65535
DEFAULT_QUEUE_ARN = "arn:aws:mediaconvert:us-east-1:000000000000:queues/Default"
"""The emulator's default queue, which FOLLOW_JOBS=all follows unless FOLLOW_QUEUES names others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports that the processes listen on, on this machine only."""

    api: int = 8000
    playback: int = 8001
    mediaconvert: int = 8002
    aws: int = 8003
    webhooks: int | None = None
    """The port of the receiver of webhooks; None if there is none."""

    def named(self) -> dict[str, int]:
        """Return the port of each listening process, by name."""
        chosen = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: port for name, port in chosen.items() if port is not None}


def ports(environment: Mapping[str, str]) -> Ports:
    """Return the ports, as set by `DEV_API_PORT`, `DEV_PLAYBACK_PORT`, `DEV_MEDIACONVERT_PORT` and `DEV_AWS_PORT`.

    With `DEV_WEBHOOKS=1` there is a receiver of webhooks too, and `DEV_WEBHOOKS_PORT` sets its port.

    Raises:
        ValueError: a value is not a port, or two are the same; the message is one line.
    """
    receives = environment.get("DEV_WEBHOOKS", "") not in {"", "0"}
    chosen = Ports(webhooks=DEFAULT_WEBHOOKS_PORT if receives else None).named()
    for name in chosen:
        variable = f"DEV_{name.upper()}_PORT"
        if value := environment.get(variable):
            if not value.isdecimal() or not 0 < int(value) <= _MAX_PORT:
                raise ValueError(f"{variable} must be a port, 1 to {_MAX_PORT}, not {value!r}")
            chosen[name] = int(value)
    if len(set(chosen.values())) < len(chosen):
        listed = ", ".join(f"{name} {port}" for name, port in chosen.items())
        raise ValueError(f"each process needs a port of its own, not {listed}")
    return Ports(**chosen)


def url(port: int) -> str:
    """Return the URL of a port of this machine."""
    return f"http://{HOST}:{port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """The command, environment and readiness check of one process."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    """The complete environment of the process."""
    health_url: str | None = None
    """Responds with 200 once the process is ready."""
    ready_line: str | None = None
    """For a process that doesn't listen: a part of the log line that says that it is ready."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_grace_s: float = 8
    """Time between the stop signal and SIGKILL."""


def environment(inherited: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """Return the environment of every process: it names the embedded AWS, and nothing of the user's AWS account."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    no_proxy = ",".join(filter(None, [kept.get("NO_PROXY"), HOST, "localhost"]))
    return {
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "console",
        **kept,
        **embedded_aws.CREDENTIALS,
        "AWS_ENDPOINT_URL": url(ports.aws),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
    }


def parameters(shared: Mapping[str, str]) -> list[str]:
    """Return the arguments of provisioning for the settings that are parameters of the template.

    >>> parameters({"FOLLOW_JOBS": "all"})[1::2]
    ['FollowJobs=all', 'FollowQueues=arn:aws:mediaconvert:us-east-1:000000000000:queues/Default']
    """
    if not (follow := shared.get("FOLLOW_JOBS")):
        return []
    queues = shared.get("FOLLOW_QUEUES") or DEFAULT_QUEUE_ARN
    return ["--parameter", f"FollowJobs={follow}", "--parameter", f"FollowQueues={queues}"]


def foundation(ports: Ports, shared: Mapping[str, str], *, scratch: Path, data_dir: Path) -> tuple[ProcessSpec, ...]:
    """Return the processes to start before provisioning: AWS and MediaConvert.

    Args:
        ports: the ports that they listen on.
        shared: the environment of every process.
        scratch: a folder for files that no process needs afterwards.
        data_dir: a folder for the records of MediaConvert's jobs, unless MEDIACONVERT_DATA_DIR names another.

    Raises:
        EmbeddedAwsError: the embedded AWS is not installed.
    """
    return (
        ProcessSpec(
            name="aws",
            command=tuple(embedded_aws.command()),
            environment={**shared, **embedded_aws.environment(port=ports.aws, scratch=scratch)},
            health_url=url(ports.aws) + embedded_aws.HEALTH_PATH,
            stop_signal=signal.SIGKILL,  # it has nothing to save, and logs a traceback for each connection on SIGTERM
        ),
        ProcessSpec(
            name="mediaconvert",
            command=(sys.executable, "-m", "mediaconvert_emulator"),
            environment={
                "MEDIACONVERT_TIME_FACTOR": "10",  # MediaConvert's update interval of 10 s takes 1 s here
                "MEDIACONVERT_DATA_DIR": str(data_dir),
                **shared,
                "MEDIACONVERT_HOST": HOST,
                "MEDIACONVERT_PORT": str(ports.mediaconvert),
            },
            health_url=url(ports.mediaconvert) + "/_emulator/health",
        ),
    )


def settings(ports: Ports, provisioned: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of service, worker and playback: the provisioned ones, and the URLs on this machine."""
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
    webhook_secret: str = "",
) -> tuple[ProcessSpec, ...]:
    """Return the processes to start after provisioning: playback, the service and the worker.

    With `playback_keys`, the service sets signed cookies, and playback requires them for key files. If the ports have
    one for webhooks, there is also their receiver, and the worker signs with `webhook_secret`.
    """
    configured = _configured(ports, shared, provisioned)
    return (
        ProcessSpec(
            name="playback",
            command=(sys.executable, "-m", "local.playback_server"),
            environment={
                **configured,
                **_cookie_verification(playback_keys),
                "PLAYBACK_HOST": HOST,
                "PLAYBACK_PORT": str(ports.playback),
                "PLAYBACK_ALLOWED_HOSTS": configured["ALLOWED_HOSTS"],
            },
            health_url=url(ports.playback) + "/healthz",
        ),
        ProcessSpec(
            name="service",
            command=(sys.executable, "-m", "service"),
            environment={**configured, **_cookie_signing(playback_keys), "HOST": HOST, "PORT": str(ports.api)},
            health_url=url(ports.api) + "/readyz",
        ),
        ProcessSpec(
            name="worker",
            command=(sys.executable, "-m", "worker"),
            environment={**configured, **_cookie_rule(playback_keys), **_endpoint(ports, webhook_secret)},
            ready_line="worker.ready",
        ),
        *_receiver(ports, shared, webhook_secret),
    )


def _configured(ports: Ports, shared: Mapping[str, str], provisioned: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that playback, the service and the worker share."""
    return {
        "ALLOWED_HOSTS": "127.0.0.1,localhost",
        "WEB_DIR": str(embedded_aws.ROOT / "web" / "dist"),
        "STATUS_UPDATE_INTERVAL_S": "10",
        "STOP_GRACE_S": "5",
        "STOP_SPREAD_S": "0",  # no other task waits for the streams of a stopped process
        **shared,
        **settings(ports, provisioned),
    }


def _endpoint(ports: Ports, secret: str) -> dict[str, str]:
    """Return the worker's settings for the receiver: the first endpoint, which may be on this machine."""
    if ports.webhooks is None:
        return {}
    return {
        "WEBHOOK_1_URL": url(ports.webhooks) + WEBHOOKS_PATH,
        "WEBHOOK_1_SECRETS": secret,
        "WEBHOOK_1_SECRET_ARN": "",
        "WEBHOOKS_ALLOW_LOCAL": "true",
    }


def _receiver(ports: Ports, shared: Mapping[str, str], secret: str) -> tuple[ProcessSpec, ...]:
    if ports.webhooks is None:
        return ()
    receiver = ProcessSpec(
        name="webhooks",
        command=(sys.executable, "-m", "local.webhook_receiver"),
        environment={
            **shared,
            "RECEIVER_HOST": HOST,
            "RECEIVER_PORT": str(ports.webhooks),
            "RECEIVER_SECRET": secret,
        },
        health_url=url(ports.webhooks) + "/healthz",
    )
    return (receiver,)


def _cookie_rule(keys: KeyPair | None) -> dict[str, str]:
    return {"PLAYBACK_KEY_PAIR_ID": PLAYBACK_KEY_PAIR_ID} if keys else {}


def _cookie_signing(keys: KeyPair | None) -> dict[str, str]:
    return {"PLAYBACK_KEY_PAIR_ID": PLAYBACK_KEY_PAIR_ID, "PLAYBACK_PRIVATE_KEY": keys.private_pem} if keys else {}


def _cookie_verification(keys: KeyPair | None) -> dict[str, str]:
    return {"PLAYBACK_KEY_PAIR_ID": PLAYBACK_KEY_PAIR_ID, "PLAYBACK_PUBLIC_KEY": keys.public_pem} if keys else {}
