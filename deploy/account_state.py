"""Reads the account's zones and Lambda limits before a deployment, and creates the role that ECS needs."""

from botocore.exceptions import ClientError

from deploy.aws_account import Account
from deploy.lambda_concurrency import AccountConcurrency
from deploy.zones import Zone

ECS_ROLE = "AWSServiceRoleForECS"
ECS_SERVICE = "ecs.amazonaws.com"


async def read_zones(account: Account) -> list[Zone]:
    """Return the availability zones that the account can use now, without local zones."""
    ec2 = await account.client("ec2")
    zones = (await ec2.describe_availability_zones())["AvailabilityZones"]
    return [
        Zone(name=each["ZoneName"], zone_id=each["ZoneId"])
        for each in zones
        if each.get("State") == "available"
        and each.get("ZoneType", "availability-zone") == "availability-zone"
        and each.get("OptInStatus") != "not-opted-in"
    ]


async def read_concurrency(account: Account) -> AccountConcurrency:
    """Return the account's limit of concurrent executions in the Region."""
    functions = await account.client("lambda")
    limits = (await functions.get_account_settings())["AccountLimit"]
    return AccountConcurrency(limit=limits["ConcurrentExecutions"], unreserved=limits["UnreservedConcurrentExecutions"])


async def ensure_ecs_role(account: Account) -> bool:
    """Create the service-linked role of ECS unless it exists; return whether it was created. Safe to repeat.

    ECS creates the role with the first cluster of an account, but may try to assume it before IAM has it everywhere.
    CloudFormation then reports "Unable to assume the service linked role".
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles-for-clusters.html
    """
    iam = await account.client("iam")
    try:
        await iam.get_role(RoleName=ECS_ROLE)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchEntity":
            raise
    else:
        return False
    try:
        await iam.create_service_linked_role(AWSServiceName=ECS_SERVICE)
    except ClientError as error:
        # Another deployment has created it meanwhile. IAM's code for that is InvalidInput, as for other mistakes.
        is_taken = error.response["Error"]["Code"] == "EntityAlreadyExists" or "has been taken" in str(error)
        if not is_taken:
            raise
        return False
    return True
