"""A deployment in the embedded AWS, and the result of a run of `python -m deploy`."""

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
ARCHITECTURE = "arm64" if platform.machine() in {"aarch64", "arm64"} else "x86_64"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """The exit code and the output of a run of the command."""

    code: int
    lines: list[str]
    errors: str

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each stack and of the package, by name."""
        pairs = [line.split(maxsplit=1) for line in self.lines[1:] if not line.startswith(("  ", "access "))]
        return {name: outcome.strip() for name, outcome in pairs}

    @property
    def addresses(self) -> dict[str, str]:
        """The printed addresses, by their label."""
        return dict(line.split() for line in self.lines if line.startswith("  "))


def poll_until(read: Callable[[], Any], is_expected: Callable[[Any], bool], *, deadline_s: float) -> Any:  # noqa: ANN401
    """Read until the value is as expected or the deadline has passed, and return the last value."""
    end_s = time.monotonic() + deadline_s
    while not is_expected(value := read()) and time.monotonic() < end_s:
        time.sleep(0.2)
    return value


Deploy = Callable[..., CommandResult]
"""The function that the fixture `deploy` returns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A deployment in the embedded AWS."""

    name: str
    endpoint_url: str
    first: CommandResult
    options: tuple[str, ...]
    client: Callable[[str], Any]
    """A function that returns a client of any service of the embedded AWS."""

    def log(self, process: str) -> str:
        """Return the log of a function, `service` or `worker`, so far."""
        group = f"/aws/lambda/{self.name}-{process}"
        pages = self.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return "\n".join(event["message"] for page in pages for event in page["events"])

    def api_headers(self) -> dict[str, str]:
        """Return the headers of a request to the API as CloudFront sends it.

        The embedded AWS selects the API by the Host header, which no resolver knows.
        """
        outputs = self.outputs("lambda")
        secret = self.client("secretsmanager").get_secret_value(SecretId=outputs["OriginSecretArn"])["SecretString"]
        return {"Host": urlsplit(outputs["ApiUrl"]).netloc, "X-Origin-Secret": secret}

    def outputs(self, role: str = "pipeline") -> dict[str, str]:
        """Return the outputs of one of its stacks."""
        return {each["OutputKey"]: each["OutputValue"] for each in self._stack(role).get("Outputs", [])}

    def parameters(self, role: str = "pipeline") -> dict[str, str]:
        """Return the parameters of one of its stacks."""
        return {each["ParameterKey"]: each["ParameterValue"] for each in self._stack(role)["Parameters"]}

    def _stack(self, role: str) -> Any:  # noqa: ANN401 -- a description of a stack
        name = self.name if role == "pipeline" else f"{self.name}-{role}"
        (stack,) = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        return stack
