"""Reads the facts from AWS. Every call only reads; a fact that AWS doesn't let the caller read becomes Unread."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

from deploy import account_state
from deploy.aws_account import Account
from deploy.preflight import names
from deploy.preflight.actions import needed_actions, simulated_principal, simulations
from deploy.preflight.facts import Denied, Facts, Intent, TakenName
from deploy.preflight.findings import Unread
from deploy.preflight.quotas import SERVICES, Quota

GLOBAL_REGION = "us-east-1"
"""The Region of CloudFront's quotas, and of the list of services: not every Region has that list.
https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters-global-infrastructure.html"""
REGIONS_PATH = "/aws/service/global-infrastructure/services/mediaconvert/regions"
QUICK: Mapping[str, Any] = {
    "connect_timeout": 5,
    "read_timeout": 10,
    "retries": {"mode": "standard", "total_max_attempts": 3},
}

FactT = TypeVar("FactT")


async def read_facts(
    account: Account, intent: Intent, stack_statuses: Mapping[str, str | None], *, with_permissions: bool = True
) -> Facts:
    """Return the facts for this deployment; `with_permissions` also simulates the caller's policies."""
    reader = _Reader(account, intent)
    async with asyncio.TaskGroup() as group:
        permissions = reader.denied() if with_permissions else reader.not_requested()
        denied = group.create_task(_attempt(permissions))
        regions = group.create_task(_attempt(reader.mediaconvert_regions()))
        concurrency = group.create_task(_attempt(account_state.read_concurrency(account)))
        zones = group.create_task(_attempt(account_state.read_zones(account)))
        quotas = group.create_task(reader.quotas())
        cloudfront = group.create_task(_attempt(reader.cloudfront_names()))
        counts = group.create_task(reader.other_counts())
    return Facts(
        caller_arn=account.caller_arn,
        denied=denied.result(),
        mediaconvert_regions=regions.result(),
        known_mediaconvert_regions=sdk_regions(intent.partition),
        stack_statuses=stack_statuses,
        concurrency=concurrency.result(),
        quotas=quotas.result(),
        usage={**_usage(cloudfront.result()), **counts.result()},
        zones=zones.result(),
        taken=await _attempt(reader.taken(stack_statuses, cloudfront.result())),
    )


def sdk_regions(partition: str) -> list[str]:
    """Return the Regions with an endpoint of MediaConvert, as known to the installed SDK."""
    return botocore.session.get_session().get_available_regions("mediaconvert", partition_name=partition)


class _Reader:
    """Reads the account for one deployment."""

    def __init__(self, account: Account, intent: Intent) -> None:
        self._account = account
        self._intent = intent
        self._clients: dict[tuple[str, str | None], Any] = {}

    async def _client(self, service: str, *, region: str | None = None) -> Any:  # noqa: ANN401 -- a client of any service
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = await self._account.client(service, region=region, **QUICK)
        return self._clients[key]

    async def denied(self) -> list[Denied]:
        """Return the actions that IAM's simulator denies, without the policies of the organisation."""
        iam = await self._client("iam")
        principal = simulated_principal(self._account.caller_arn)
        if principal is None:
            if self._account.caller_arn.endswith(":root"):
                return []  # no policy of the account limits its root user
            raise _UnreadError("IAM simulates the policies of users and roles only")
        if ":" not in principal:  # the name of a role; its ARN contains a path that the caller's ARN lacks
            principal = (await iam.get_role(RoleName=principal))["Role"]["Arn"]
        intent = self._intent
        wanted = simulations(
            needed_actions(intent.resource_types),
            partition=intent.partition,
            account=intent.account_id,
            region=intent.region,
            deployment=intent.deployment,
        )
        responses = await asyncio.gather(
            *(
                iam.simulate_principal_policy(
                    PolicySourceArn=principal, ActionNames=list(each.actions), ResourceArns=[each.resource]
                )
                for each in wanted
            )
        )
        return [
            Denied(action=result["EvalActionName"], resource=result["EvalResourceName"])
            for response in responses
            for result in response["EvaluationResults"]
            if result["EvalDecision"] != "allowed"
        ]

    async def not_requested(self) -> list[Denied]:
        """Skip the simulation of the caller's policies."""
        raise _UnreadError("not requested")

    async def mediaconvert_regions(self) -> list[str]:
        """Return the Regions of AWS's public list of services; an empty list outside the commercial Regions."""
        ssm = await self._client("ssm", region=GLOBAL_REGION)
        pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=REGIONS_PATH)
        return [each["Value"] async for page in pages for each in page["Parameters"]]

    async def quotas(self) -> dict[str, list[Quota] | Unread]:
        """Return the quotas of each service, or the reason why they can't be read."""
        read = await asyncio.gather(*(_attempt(self._quotas(service)) for service in SERVICES))
        return dict(zip(SERVICES, read, strict=True))

    async def _quotas(self, service: str) -> list[Quota]:
        region = GLOBAL_REGION if service == "cloudfront" else None
        client = await self._client("service-quotas", region=region)
        values: dict[str, Quota] = {}
        # The account's own values come second: the list of these leaves out quotas that were never changed.
        for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
            async for page in client.get_paginator(operation).paginate(ServiceCode=service):
                for each in page["Quotas"]:
                    values[each["QuotaCode"]] = Quota(
                        code=each["QuotaCode"], name=each["QuotaName"], value=each["Value"]
                    )
        return list(values.values())

    async def cloudfront_names(self) -> dict[str, list[str]]:
        """Return the names of the account's own CloudFront policies, by the code of their quota."""
        client = await self._client("cloudfront")
        return {
            code: await _policy_names(client, operation, kind)
            for code, (operation, kind) in names.CLOUDFRONT_POLICIES.items()
        }

    async def other_counts(self) -> dict[str, int | Unread]:
        """Return the number of MediaConvert's queues and templates, and of VPCs, by the code of their quota."""
        reads: Mapping[str, Callable[[], Coroutine[Any, Any, int]]] = {
            "L-44E8E4BC": lambda: self._count("mediaconvert", "list_queues", "Queues"),
            "L-FFA964F8": lambda: self._count("mediaconvert", "list_job_templates", "JobTemplates"),
            "L-F678F1CE": lambda: self._count("ec2", "describe_vpcs", "Vpcs"),
        }
        counts = await asyncio.gather(*(_attempt(read()) for read in reads.values()))
        return dict(zip(reads, counts, strict=True))

    async def _count(self, service: str, operation: str, key: str) -> int:
        client = await self._client(service)
        return sum([len(page.get(key, [])) async for page in client.get_paginator(operation).paginate()])

    async def taken(
        self, statuses: Mapping[str, str | None], cloudfront: Mapping[str, Sequence[str]] | Unread
    ) -> list[TakenName]:
        """Return the existing resources with a name that a new stack of the deployment gives to its own."""
        wanted = names.wanted(self._intent, statuses)
        policies = [] if isinstance(cloudfront, Unread) else [name for each in cloudfront.values() for name in each]
        found = [TakenName(kind="CloudFront policy", name=each) for each in policies if each in wanted.policies]
        found += [TakenName(kind="table", name=each) for each in wanted.tables if await self._has_table(each)]
        found += [TakenName(kind="bucket", name=each) for each in wanted.buckets if await self._has_bucket(each)]
        found += [
            TakenName(kind="log group", name=each) for each in wanted.log_groups if await self._has_log_group(each)
        ]
        if wanted.policies and isinstance(cloudfront, Unread) and not found:
            raise _UnreadError(cloudfront.reason)
        return found

    async def _has_table(self, name: str) -> bool:
        client = await self._client("dynamodb")
        return await _exists(client.describe_table(TableName=name))

    async def _has_bucket(self, name: str) -> bool:
        """Return whether any account has this bucket: S3's names are unique worldwide, and another's is 403."""
        client = await self._client("s3")
        try:
            await client.head_bucket(Bucket=name)
        except ClientError as error:
            return error.response["ResponseMetadata"]["HTTPStatusCode"] in {301, 400, 403}
        return True

    async def _has_log_group(self, name: str) -> bool:
        client = await self._client("logs")
        groups = (await client.describe_log_groups(logGroupNamePrefix=name))["logGroups"]
        return name in {each["logGroupName"] for each in groups}


class _UnreadError(Exception):
    """A fact can't be read; the message gives the reason."""


async def _attempt(read: Coroutine[Any, Any, FactT]) -> FactT | Unread:
    """Return the fact, or why AWS didn't return it: a missing permission, or an API that doesn't exist there."""
    try:
        return await read
    except _UnreadError as error:
        return Unread(reason=str(error))
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        message = error.response["Error"].get("Message", "").strip()
        return Unread(reason=f"{error.operation_name}: {' '.join([code, *message.split()])}"[:160])
    except (BotoCoreError, TimeoutError, KeyError) as error:
        return Unread(reason=" ".join(f"{type(error).__name__}: {error}".split())[:160])


async def _exists(call: Awaitable[object]) -> bool:
    try:
        await call
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return False
        raise
    return True


async def _policy_names(client: Any, operation: str, kind: str) -> list[str]:  # noqa: ANN401 -- no paginator, no stubs
    found: list[str] = []
    request: dict[str, str] = {"Type": "custom"}
    while True:
        listed = (await getattr(client, operation)(**request))[f"{kind}List"]
        found += [each[kind][f"{kind}Config"]["Name"] for each in listed.get("Items", [])]
        if not listed.get("NextMarker"):
            return found
        request["Marker"] = listed["NextMarker"]


def _usage(cloudfront: Mapping[str, Sequence[str]] | Unread) -> dict[str, int | Unread]:
    if isinstance(cloudfront, Unread):
        return dict.fromkeys(names.CLOUDFRONT_POLICIES, cloudfront)
    return {code: len(policies) for code, policies in cloudfront.items()}
