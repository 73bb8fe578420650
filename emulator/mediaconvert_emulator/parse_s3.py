"""Parses the settings with which a group's files are written to S3. Pure."""

from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.stream_spec import S3Options

ENCRYPTIONS = {"SERVER_SIDE_ENCRYPTION_S3": "AES256", "SERVER_SIDE_ENCRYPTION_KMS": "aws:kms"}


def parse_s3_options(group_settings: JsonObject) -> S3Options:
    """Return the options of a group; S3's names of values replace MediaConvert's."""
    settings = (group_settings.get("destinationSettings") or {}).get("s3Settings") or {}
    acl: str = (settings.get("accessControl") or {}).get("cannedAcl") or ""
    encryption = settings.get("encryption") or {}
    arguments = {
        "ACL": acl.lower().replace("_", "-"),
        "StorageClass": settings.get("storageClass"),
        "ServerSideEncryption": ENCRYPTIONS.get(encryption.get("encryptionType") or ""),
        "SSEKMSKeyId": encryption.get("kmsKeyArn"),
        "SSEKMSEncryptionContext": encryption.get("kmsEncryptionContext"),
    }
    return S3Options(arguments=tuple((name, value) for name, value in arguments.items() if value))
