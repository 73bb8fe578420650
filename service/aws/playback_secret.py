"""The private key that signs playback cookies, read from the environment or from Secrets Manager.

The process reads the key once, at start; a new key takes effect at the next start.
"""

import structlog
from botocore.exceptions import BotoCoreError, ClientError

from service.playback.signer import PlaybackKeyError, Signer
from service.settings import ServiceSettings
from transcode.aws import Aws
from transcode.permissions import Resource, allow

PERMISSIONS = allow("secretsmanager:GetSecretValue", on=[Resource.PLAYBACK_KEY])

log = structlog.get_logger("service")


async def open_signer(aws: Aws, settings: ServiceSettings, *, key_pair_id: str) -> Signer:
    """Return the signer of playback cookies.

    Raises:
        PlaybackKeyError: Secrets Manager doesn't return the key, or CloudFront doesn't accept such a key. This
            function logs the reason in one line, before the server logs the traceback of its failed start.
    """
    try:
        return Signer(key_pair_id=key_pair_id, private_key_pem=await _private_key(aws, settings))
    except PlaybackKeyError as error:
        # Not `log.exception`: the server logs the traceback.
        log.error("playback.key_unusable", secret=settings.playback_private_key_secret_arn, reason=str(error))  # noqa: TRY400
        raise


async def _private_key(aws: Aws, settings: ServiceSettings) -> str:
    if settings.playback_private_key is not None:
        return settings.playback_private_key.get_secret_value()
    client = await aws.secretsmanager()
    try:
        response = await client.get_secret_value(SecretId=settings.playback_private_key_secret_arn or "")
    except (ClientError, BotoCoreError) as error:
        raise PlaybackKeyError(f"Secrets Manager does not return the key: {error}") from error
    return response.get("SecretString", "")
