"""Removal of secrets from MediaConvert's messages: buckets, accounts, ARNs, roles, signed URLs, encryption keys.

An S3 address becomes the file's name, and every other address a word for what it was (worker/messages/address.py has
the rule of what an address is). The text between addresses loses roles, accounts and the names of buckets. The whole
text then loses the configured names, signatures, access keys and encryption keys.
"""

import re
from dataclasses import dataclass

from worker.messages.address import Address, addresses

MAX_CHARACTERS = 500
MAX_INPUT_CHARACTERS = 4_000
"""Characters of a message that are read; the limit bounds the processing time."""

_ROLE = re.compile(r"\b(?:assumed-)?role/[\w+=,.@/-]+")
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d|\.[A-Za-z])")
"""Not a file's name: `202611251800.mp4`."""
_BUCKET_NAME = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_BUCKET = re.compile(
    r"(?P<before>\bbuckets?(?: named| called| name)?(?: is)?\s*(?:[:=]\s*)?)"
    rf"(?:(?P<quote>['\"`\[(]){_BUCKET_NAME}(?=['\"`\])])"
    rf"|(?=\S*[-.\d][a-z0-9]){_BUCKET_NAME}"
    rf"|(?:(?<=[:=])|(?<=[:=] )){_BUCKET_NAME})",
    re.IGNORECASE,
)
"""The name of a bucket in prose: in quotes, after a colon, or a word with a hyphen, a dot or a digit."""
_SIGNATURE = re.compile(
    r"\b(?:X-Amz-[\w-]+|AWSAccessKeyId|Signature|Policy|Key-Pair-Id)=[^\s\]\)'\",&]+&?", re.IGNORECASE
)
"""A query parameter of a signed URL: the rest of a URL that was cut short or had no scheme."""
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}")
_KEY_DIGITS = re.compile(r"[0-9a-f]{32,}", re.IGNORECASE)
"""An encryption key. It is hidden in file names too, so a name that is a hash of 32 digits is hidden as well."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_WORDS = {"url": "(address)", "host": "(address)", "arn": "(resource)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sanitiser:
    """Removes secrets from messages. `secrets` are the configured names: the buckets and the role."""

    secrets: tuple[str, ...] = ()

    def clean(self, message: str) -> str:
        """Return the message without secrets, with file names instead of S3 addresses; at most 500 characters.

        >>> Sanitiser().clean("Unable to open input file [s3://my-bucket/uploads/7f3a/cat.mp4]: denied")
        'Unable to open input file [cat.mp4]: denied'
        """
        message = _CONTROL.sub(" ", message)
        if len(message) > MAX_INPUT_CHARACTERS:
            # Drop the last word too, because it could be half a secret that the patterns don't recognise.
            message = message[:MAX_INPUT_CHARACTERS].rpartition(" ")[0] or message[:MAX_INPUT_CHARACTERS]
        message = _without_addresses(message)
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            message = message.replace(secret, "(hidden)")
        for pattern in (_SIGNATURE, _ACCESS_KEY, _KEY_DIGITS):
            message = pattern.sub("(hidden)", message)
        message = message.strip()
        return message if len(message) <= MAX_CHARACTERS else message[: MAX_CHARACTERS - 1] + "…"


def _without_addresses(message: str) -> str:
    parts, position = list[str](), 0
    for address in addresses(message):
        parts += [_without_names(message[position : address.begin]), _shown(address)]
        position = address.end
    return "".join([*parts, _without_names(message[position:])])


def _without_names(text: str) -> str:
    text = _ROLE.sub("(role)", text)
    text = _BUCKET.sub(lambda match: f"{match['before']}{match['quote'] or ''}(bucket)", text)
    return _ACCOUNT.sub("(account)", text)


def _shown(address: Address) -> str:
    if address.kind != "s3":
        return _WORDS[address.kind]
    path = address.path.partition("/")[2].split("?", 1)[0]
    return path.rstrip("/").rsplit("/", 1)[-1] or "(bucket)"
