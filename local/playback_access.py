"""Decides, as CloudFront with a trusted key group does, whether a request for a guarded file is allowed. Pure.

Implements CloudFront's signed cookies with a custom policy, as far as this project uses them:
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

from transcode.guarded_files import GUARDED_FOLDER

KEY_SUFFIX = ".key"
"""The suffix of the key files, which edge.yaml serves only with a signed cookie."""

_FROM_CLOUDFRONT = str.maketrans("-_~", "+=/")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A public key, and its id in cookies."""

    key_pair_id: str
    public_key: rsa.RSAPublicKey


def trusted_key(*, key_pair_id: str, public_key_pem: str) -> TrustedKey:
    """Return the key in this PEM text.

    Raises:
        ValueError: the text is not an RSA public key.
    """
    key = serialization.load_pem_public_key(public_key_pem.replace("\\n", "\n").encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("no RSA public key")  # noqa: TRY004 -- a setting has a wrong value, the program no wrong type
    return TrustedKey(key_pair_id=key_pair_id, public_key=key)


def is_guarded(key: str) -> bool:
    """Return whether the object needs a cookie."""
    return key.endswith(KEY_SUFFIX) or GUARDED_FOLDER in key


def is_allowed(url: str, cookies: Mapping[str, str], *, trusted: TrustedKey, now_s: float) -> bool:
    """Return whether the cookies allow this URL at this time; the URL includes scheme and host."""
    if cookies.get("CloudFront-Key-Pair-Id") != trusted.key_pair_id:
        return False
    try:
        policy = _decode(cookies["CloudFront-Policy"])
        signature = _decode(cookies["CloudFront-Signature"])
        trusted.public_key.verify(signature, policy, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303 -- CloudFront's
        (statement,) = json.loads(policy)["Statement"]
        condition = statement["Condition"]
        resource, expires_s = statement["Resource"], condition["DateLessThan"]["AWS:EpochTime"]
    except (KeyError, ValueError, TypeError, InvalidSignature):
        return False
    if set(condition) != {"DateLessThan"}:  # refuse CloudFront's other conditions, which aren't checked here
        return False
    return now_s < expires_s and _pattern(resource).fullmatch(url) is not None


def _decode(value: str) -> bytes:
    try:
        return base64.b64decode(value.translate(_FROM_CLOUDFRONT), validate=True)
    except binascii.Error as error:
        raise ValueError("not CloudFront's variant of base64") from error


def _pattern(resource: str) -> re.Pattern[str]:
    """Return the pattern of a policy's resource: `*` matches any characters, `?` matches one."""
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in resource), re.DOTALL)
