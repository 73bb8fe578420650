"""The signer of CloudFront policies: it uses the private key of a key pair whose public key CloudFront has.

botocore writes CloudFront's format: a JSON policy, signed with RSA and SHA-1, both in CloudFront's variant of base64.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from service.playback.grant import Grant

KEY_BITS = 2048
"""The only key size that CloudFront accepts."""


class PlaybackKeyError(ValueError):
    """The private key can't sign for CloudFront. The message says why, and never contains the key."""


class Signer:
    """Signs grants with the private key."""

    def __init__(self, *, key_pair_id: str, private_key_pem: str) -> None:
        """`key_pair_id` is CloudFront's id of the public key.

        Raises:
            PlaybackKeyError: The text is not an RSA key of 2048 bits in PEM.
        """
        self._key = read_key(private_key_pem)
        self._cloudfront = CloudFrontSigner(key_pair_id, self._sign)

    def values(self, grant: Grant) -> Mapping[str, str]:
        """Return the signed grant as cookies: values by name."""
        policy = self._cloudfront.build_policy(grant.resource, datetime.fromtimestamp(grant.expires_s, UTC))
        signed = self._cloudfront.generate_presigned_url("https://cookies/", policy=policy)
        return {f"CloudFront-{name}": value for name, value in parse_qsl(urlsplit(signed).query)}

    def _sign(self, message: bytes) -> bytes:
        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 -- CloudFront's only hash


def read_key(pem: str) -> rsa.RSAPrivateKey:
    """Return the private key.

    Raises:
        PlaybackKeyError: The text is not an RSA key of 2048 bits in PEM.
    """
    try:
        key = serialization.load_pem_private_key(_with_line_breaks(pem).encode(), password=None)
    except (ValueError, TypeError) as error:
        raise PlaybackKeyError("no private key in PEM, or one with a password") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != KEY_BITS:
        raise PlaybackKeyError(f"CloudFront requires an RSA key of {KEY_BITS} bits")
    return key


def _with_line_breaks(pem: str) -> str:
    r"""Return the text with real line breaks: environment files can only write them as \n."""
    return pem.replace("\\n", "\n")
