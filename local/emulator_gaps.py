"""Applies template properties that an emulator's CloudFormation ignores silently.

MiniStack ignores the TTL, point-in-time recovery and KMS encryption of tables, and the lifecycle rules of buckets. This
module reads each value from the template and sets it through the service's own API, only where it isn't set already: on
AWS it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import aioboto3
from botocore.exceptions import ClientError

from local import cloudformation_template as templates

if TYPE_CHECKING:  # stubs, which only development installs
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_s3 import S3Client


async def apply_ignored_properties(
    session: aioboto3.Session, endpoint_url: str | None, template: templates.Template, physical_ids: Mapping[str, str]
) -> None:
    """Set the ignored properties of the deployed tables and buckets. Safe to repeat.

    Args:
        session: opens the clients.
        endpoint_url: an emulator's URL, or None for AWS itself.
        template: the deployed template.
        physical_ids: the physical id of each resource, by its logical id.
    """
    async with (
        session.client("dynamodb", endpoint_url=endpoint_url) as dynamodb,
        session.client("s3", endpoint_url=endpoint_url) as s3,
    ):
        for table in templates.tables(template):
            await _set_table(dynamodb, physical_ids[table.logical_id], table)
        for bucket in templates.buckets(template):
            await _set_bucket(s3, physical_ids[bucket.logical_id], bucket)


async def _set_table(client: DynamoDBClient, name: str, settings: templates.TableSettings) -> None:
    ttl = (await client.describe_time_to_live(TableName=name))["TimeToLiveDescription"]
    if settings.ttl_attribute and ttl["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
        await client.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": settings.ttl_attribute}
        )
    backups = (await client.describe_continuous_backups(TableName=name))["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    if settings.is_recoverable and recovery != "ENABLED":
        await client.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    description = (await client.describe_table(TableName=name))["Table"]
    encryption = description.get("SSEDescription", {}).get("Status")
    if settings.is_encrypted_by_kms and encryption not in {"ENABLED", "ENABLING", "UPDATING"}:
        await client.update_table(TableName=name, SSESpecification={"Enabled": True})


async def _set_bucket(client: S3Client, name: str, settings: templates.BucketSettings) -> None:
    rules: list[Any] = list(settings.lifecycle_rules)
    if rules and await _lifecycle_ids(client, name) != {rule["ID"] for rule in rules}:
        await client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})


async def _lifecycle_ids(client: S3Client, bucket: str) -> set[str]:
    try:
        rules = (await client.get_bucket_lifecycle_configuration(Bucket=bucket))["Rules"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
            raise
        return set()
    return {rule.get("ID", "") for rule in rules}
