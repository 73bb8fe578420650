"""Where the private key that signs playback's cookies is had: from the environment, or from Secrets Manager.

It is read once, when the process starts; a new one counts from the next start on.
"""

from botocore.exceptions import BotoCoreError, ClientError

from service.settings import ServiceSettings
from transcode.aws import Aws
from transcode.permissions import Resource, allow


class PlaybackKeyUnavailableError(Exception):
    """Secrets Manager doesn't give the key."""


PERMISSIONS = allow("secretsmanager:GetSecretValue", on=[Resource.PLAYBACK_KEY])


async def private_key(aws: Aws, settings: ServiceSettings) -> str:
    """Return the key in PEM.

    Raises:
        PlaybackKeyUnavailableError: Secrets Manager doesn't give it.
    """
    if settings.playback_private_key is not None:
        return settings.playback_private_key.get_secret_value()
    arn = settings.playback_private_key_secret_arn or ""
    client = await aws.secretsmanager()
    try:
        return str((await client.get_secret_value(SecretId=arn))["SecretString"])
    except (ClientError, BotoCoreError, KeyError) as error:
        raise PlaybackKeyUnavailableError(
            f"PLAYBACK_PRIVATE_KEY_SECRET_ARN: {type(error).__name__}: {error}"
        ) from error
