"""Creates key pairs for playback's signed cookies, for `make dev` and the tests."""

from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

KEY_BITS = 2048
"""The only size that CloudFront accepts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A private and a public key, in PEM."""

    private_pem: str
    public_pem: str


def new_key_pair() -> KeyPair:
    """Return a new random key pair."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private_pem=private.decode(), public_pem=public.decode())
