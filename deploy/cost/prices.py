"""AWS's prices, as shown in docs/cost.md: US East (N. Virginia), on demand, without free tiers and commitments."""

from dataclasses import dataclass

HOURS = 730
"""Hours in a month."""
AS_OF = "November 2026"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The price of one unit."""

    what: str
    usd: float
    per: str
    is_confirmed: bool
    """True if the price was read on a public page; the others are remembered from AWS's price list."""


NORMALIZED_MINUTE = Price(
    what="MediaConvert, Basic tier, first volume", usd=0.0075, per="normalized minute", is_confirmed=False
)
S3_GB = Price(what="S3 Standard", usd=0.023, per="GB and month", is_confirmed=False)
S3_PUT = Price(what="S3 PUT", usd=0.005 / 1_000, per="request", is_confirmed=False)
S3_GET = Price(what="S3 GET", usd=0.0004 / 1_000, per="request", is_confirmed=False)
CLOUDFRONT_REQUEST = Price(what="CloudFront HTTPS request", usd=0.01 / 10_000, per="request", is_confirmed=True)
WRITE_UNIT = Price(what="DynamoDB on-demand write", usd=0.625e-6, per="write unit", is_confirmed=True)
READ_UNIT = Price(what="DynamoDB on-demand read", usd=0.125e-6, per="read unit", is_confirmed=True)
WCU_HOUR = Price(what="DynamoDB provisioned write", usd=0.00065, per="unit and hour", is_confirmed=True)
RCU_HOUR = Price(what="DynamoDB provisioned read", usd=0.00013, per="unit and hour", is_confirmed=True)
TABLE_GB = Price(what="DynamoDB storage and recovery", usd=0.25 + 0.20, per="GB and month", is_confirmed=False)
SQS_REQUEST = Price(what="SQS request", usd=0.40e-6, per="request", is_confirmed=False)
S3_EVENT = Price(what="EventBridge, events of S3", usd=1.00e-6, per="event", is_confirmed=False)
CUSTOM_EVENT = Price(what="EventBridge, custom events", usd=1.00e-6, per="event of 64 kB", is_confirmed=True)
"""https://blog.awsfundamentals.com/aws-eventbridge-pricing-guide"""
LAMBDA_REQUEST = Price(what="Lambda invocation", usd=0.20e-6, per="invocation", is_confirmed=False)
LAMBDA_ARM_GB_S = Price(what="Lambda on arm64", usd=0.0000133334, per="GB and second", is_confirmed=False)
LAMBDA_X86_GB_S = Price(what="Lambda on x86_64", usd=0.0000166667, per="GB and second", is_confirmed=False)
SNAPSHOT_GB_S = Price(what="Lambda SnapStart, kept snapshot", usd=0.0000015046, per="GB and second", is_confirmed=True)
RESTORED_GB = Price(what="Lambda SnapStart, started copy", usd=0.0001397998, per="GB", is_confirmed=True)
"""https://awsnegotiations.com/blog/lambda-snapstart-cost-impact/"""
HTTP_API_REQUEST = Price(what="API Gateway HTTP API", usd=1.00e-6, per="request", is_confirmed=False)
VCPU_HOUR = Price(what="Fargate on ARM64, processor", usd=0.03238, per="vCPU and hour", is_confirmed=False)
TASK_GB_HOUR = Price(what="Fargate on ARM64, memory", usd=0.00356, per="GB and hour", is_confirmed=False)
SPOT_SHARE = Price(what="Fargate Spot, share of those prices", usd=0.32, per="dollar", is_confirmed=True)
BALANCER_HOUR = Price(what="Application Load Balancer", usd=0.0225, per="hour", is_confirmed=False)
BALANCER_UNIT_HOUR = Price(what="load balancer capacity units", usd=0.008, per="unit and hour", is_confirmed=False)
ADDRESS_HOUR = Price(what="Public IPv4 address", usd=0.005, per="hour", is_confirmed=False)
LOG_GB = Price(what="CloudWatch Logs, ingestion and a month of storage", usd=0.50 + 0.03, per="GB", is_confirmed=False)
ALARM_METRIC = Price(what="CloudWatch alarm", usd=0.10, per="metric in it and month", is_confirmed=False)
METRIC = Price(what="CloudWatch custom metric", usd=0.30, per="metric and month", is_confirmed=False)
DASHBOARD = Price(what="CloudWatch dashboard", usd=3.00, per="month", is_confirmed=False)
KMS_KEY = Price(what="KMS key", usd=1.00, per="month", is_confirmed=False)
KMS_REQUEST = Price(what="KMS request", usd=0.03 / 10_000, per="request", is_confirmed=False)
WEB_ACL = Price(what="WAF web ACL", usd=5.00, per="month", is_confirmed=False)
WEB_ACL_RULE = Price(what="WAF rule", usd=1.00, per="month", is_confirmed=False)
WEB_ACL_REQUEST = Price(what="WAF request", usd=0.60e-6, per="request", is_confirmed=False)
SECRET = Price(what="Secrets Manager secret", usd=0.40, per="month", is_confirmed=False)

TRANSFER_GB: tuple[tuple[float, float], ...] = (
    (10_240, 0.085),
    (40_960, 0.080),
    (102_400, 0.060),
    (358_400, 0.040),
    (536_576, 0.030),
    (4_194_304, 0.025),
    (float("inf"), 0.020),
)
"""CloudFront's price tiers for data to North America and Europe: size in GB, dollars per GB (confirmed)."""


def listed() -> list[Price]:
    """Return all prices, in the order of this module."""
    return [price for price in globals().values() if isinstance(price, Price)]


def transfer_usd(gigabytes: float) -> float:
    """Return CloudFront's price for sending this amount in a month.

    >>> transfer_usd(20_480) == 10_240 * 0.085 + 10_240 * 0.080
    True
    """
    usd, left_gb = 0.0, gigabytes
    for size_gb, price_usd in TRANSFER_GB:
        sent_gb = min(left_gb, size_gb)
        usd += sent_gb * price_usd
        left_gb -= sent_gb
    return usd
