"""What CloudFront decides about a key file's request where a trusted key group guards it. Pure.

The rules of CloudFront's signed cookies with a custom policy, as far as this project's have them:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

GUARDED = ".key"
"""The suffix of what edge.yaml serves with a cookie only."""

_FROM_CLOUDFRONT = str.maketrans("-_~", "+=/")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A public key, and the id by which cookies name it."""

    key_pair_id: str
    public_key: rsa.RSAPublicKey


def trusted_key(*, key_pair_id: str, public_key_pem: str) -> TrustedKey:
    """The key of this PEM.

    Raises:
        ValueError: it is no RSA public key.
    """
    key = serialization.load_pem_public_key(public_key_pem.replace("\\n", "\n").encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("no RSA public key")  # noqa: TRY004 -- a setting is wrong, not a program
    return TrustedKey(key_pair_id=key_pair_id, public_key=key)


def is_guarded(key: str) -> bool:
    """Whether an object needs a cookie."""
    return key.endswith(GUARDED)


def is_allowed(address: str, cookies: Mapping[str, str], *, trusted: TrustedKey, now_s: float) -> bool:
    """Whether the cookies allow this address, scheme and host included, at this moment."""
    if cookies.get("CloudFront-Key-Pair-Id") != trusted.key_pair_id:
        return False
    try:
        policy = _decode(cookies["CloudFront-Policy"])
        signature = _decode(cookies["CloudFront-Signature"])
        trusted.public_key.verify(signature, policy, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 -- CloudFront's
        (statement,) = json.loads(policy)["Statement"]
        condition = statement["Condition"]
        resource, until_s = statement["Resource"], condition["DateLessThan"]["AWS:EpochTime"]
    except (KeyError, ValueError, TypeError, InvalidSignature):
        return False
    if set(condition) != {"DateLessThan"}:  # CloudFront knows more; what isn't checked here must not pass here
        return False
    return now_s < until_s and _pattern(resource).fullmatch(address) is not None


def _decode(value: str) -> bytes:
    try:
        return base64.b64decode(value.translate(_FROM_CLOUDFRONT), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64 of CloudFront's") from error


def _pattern(resource: str) -> re.Pattern[str]:
    """`*` stands for any characters, `?` for one."""
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in resource), re.DOTALL)
