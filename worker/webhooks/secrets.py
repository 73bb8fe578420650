"""The secrets of one endpoint, from the settings or from Secrets Manager. No AWS type passes this boundary."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from transcode.permissions import WEBHOOK_SECRETS, allow
from worker.webhooks.endpoints import WebhookEndpoint
from worker.webhooks.signature import parse_secret

if TYPE_CHECKING:
    from types_aiobotocore_secretsmanager import SecretsManagerClient

PERMISSIONS = allow("secretsmanager:GetSecretValue", on=WEBHOOK_SECRETS)
READ_AGAIN_S = 300
"""Seconds after which a secret is read again, so that a rotation needs no restart."""
MAX_SECRETS = 2


class SecretUnusableError(Exception):
    """The secret in Secrets Manager has another form than one or two `whsec_…`, separated by commas."""


class EndpointSecrets:
    """The secrets with which an endpoint's webhooks are signed."""

    def __init__(
        self,
        endpoint: WebhookEndpoint,
        open_client: Callable[[], Awaitable["SecretsManagerClient"]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`open_client` is called only if the secrets are in Secrets Manager."""
        self._endpoint = endpoint
        self._open_client = open_client
        self._clock = clock
        self._read: Sequence[str] = endpoint.secrets
        self._read_again_s = 0.0

    async def read(self) -> Sequence[str]:
        """Return one or two secrets.

        Raises:
            SecretUnusableError: The secret has another form.
            Exception: Secrets Manager is unavailable.
        """
        if self._endpoint.secret_arn is None:
            return self._endpoint.secrets
        if self._clock() >= self._read_again_s:
            client = await self._open_client()
            response = await client.get_secret_value(SecretId=self._endpoint.secret_arn)
            self._read = _parse(response.get("SecretString", ""))
            self._read_again_s = self._clock() + READ_AGAIN_S
        return self._read


def _parse(text: str) -> Sequence[str]:
    secrets = [part.strip() for part in text.split(",") if part.strip()]
    if not 1 <= len(secrets) <= MAX_SECRETS:
        raise SecretUnusableError("the secret must have one or two whsec_…, separated by a comma")
    try:
        for secret in secrets:
            parse_secret(secret)
    except ValueError as error:
        raise SecretUnusableError(str(error)) from None
    return secrets
