"""Opens the AWS account and region to deploy to; fails before anything is changed if they can't be determined."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import aioboto3
from aiobotocore.config import AioConfig
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

if TYPE_CHECKING:
    from types_aiobotocore_cloudformation import CloudFormationClient
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_s3 import S3Client


NO_REGION = "no region: give one as REGION=eu-west-1, or set AWS_REGION"
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
UNKNOWN = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"})
"""Codes for an unknown access key. STS in a region that the account hasn't enabled responds with one of them.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_enable-regions.html"""


class AccountError(Exception):
    """AWS can't be reached, or refuses the credentials; the message gives the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account and region to deploy to, and clients for them."""

    account_id: str
    region: str
    caller_arn: str
    """The ARN of the credentials' owner."""
    _session: aioboto3.Session
    _opened: AsyncExitStack

    @property
    def partition(self) -> str:
        """The partition of the ARNs: aws, aws-cn or aws-us-gov."""
        return self.caller_arn.split(":")[1]

    async def cloudformation(self, region: str | None = None) -> "CloudFormationClient":
        """Return a client of CloudFormation, with more attempts, because CloudFormation throttles calls.

        `region` is another Region than the deployment's.
        """
        return cast(
            "CloudFormationClient",
            await self.client("cloudformation", region=region, retries={"mode": "standard", "total_max_attempts": 10}),
        )

    async def s3(self) -> "S3Client":
        """Return a client of S3."""
        return cast("S3Client", await self.client("s3"))

    async def dynamodb(self) -> "DynamoDBClient":
        """Return a client of DynamoDB."""
        return cast("DynamoDBClient", await self.client("dynamodb"))

    async def client(self, service: str, *, region: str | None = None, **config: Any) -> Any:  # noqa: ANN401 -- the type depends on the service
        """Return a client of any service, by default in the account's region."""
        made = self._session.client(cast("Any", service), region_name=region or self.region, config=AioConfig(**config))
        return await self._opened.enter_async_context(made)


@asynccontextmanager
async def open_account(region: str | None) -> AsyncIterator[Account]:
    """Yield the account of the environment's credentials.

    Raises:
        AccountError: credentials or region are missing, the credentials have expired, or AWS can't be reached.
    """
    async with AsyncExitStack() as opened:
        try:
            session = aioboto3.Session(region_name=region or os.environ.get("AWS_REGION") or None)
            if not session.region_name:
                raise AccountError(NO_REGION)
            quick = AioConfig(connect_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})
            sts: Any = await opened.enter_async_context(session.client("sts", config=quick))
            identity = await sts.get_caller_identity()
        except NoCredentialsError as error:
            raise AccountError("no AWS credentials: run `aws configure`, or set AWS_PROFILE") from error
        except NoRegionError as error:
            raise AccountError(NO_REGION) from error
        except ProfileNotFound as error:
            raise AccountError(str(error)) from error
        except (ClientError, BotoCoreError) as error:
            raise AccountError(f"{advice(error)}: {error}") from error
        yield Account(
            account_id=identity["Account"],
            region=sts.meta.region_name,
            caller_arn=identity["Arn"],
            _session=session,
            _opened=opened,
        )


def advice(error: ClientError | BotoCoreError) -> str:
    """Return what to do about credentials that AWS refuses, or about an endpoint that doesn't respond."""
    if isinstance(error, TokenRetrievalError | SSOError):
        return "your AWS credentials have expired: run `aws sso login`"
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code in EXPIRED:
        return "your AWS credentials have expired: sign in again (`aws sso login`, `aws configure`, AWS_PROFILE)"
    if code in UNKNOWN:
        return (
            "AWS doesn't know your credentials in this region: sign in again, or enable the region for the account "
            "(`aws account enable-region`) if it is one of those that are disabled at first"
        )
    if isinstance(error, EndpointConnectionError | InvalidRegionError):
        return "AWS can't be reached: check the network, and whether REGION is a region of AWS"
    return "AWS refuses your credentials, or can't be reached"
