"""Where the private key that signs playback's cookies is had: from the environment, or from Secrets Manager.

It is read once, when the process starts; a new one counts from the next start on.
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
    """Return what signs.

    Raises:
        PlaybackKeyError: Secrets Manager doesn't give the key, or it is none that CloudFront takes. The log says so in
            one line, before the server says at length that it can't start.
    """
    try:
        return Signer(key_pair_id=key_pair_id, private_key_pem=await _private_key(aws, settings))
    except PlaybackKeyError as error:
        log.error("playback.key_unusable", secret=settings.playback_private_key_secret_arn, reason=str(error))  # noqa: TRY400 -- the server adds the traceback
        raise


async def _private_key(aws: Aws, settings: ServiceSettings) -> str:
    if settings.playback_private_key is not None:
        return settings.playback_private_key.get_secret_value()
    client = await aws.secretsmanager()
    try:
        answer = await client.get_secret_value(SecretId=settings.playback_private_key_secret_arn or "")
    except (ClientError, BotoCoreError) as error:
        raise PlaybackKeyError(f"Secrets Manager does not give it: {error}") from error
    return answer.get("SecretString", "")
