"""The part of docs/cost.md about announcements. Pure."""

from deploy.cost import aws_call_counts as counts
from deploy.cost import prices
from deploy.cost.monthly_bill import announcements_usd, idle_endpoint_usd
from deploy.cost.paragraphs import paragraph
from deploy.cost.workload import SCALES, Workload


def announced() -> list[str]:
    """Return its lines."""
    rows = []
    for minutes in SCALES:
        events_usd, webhooks_usd = announcements_usd(Workload(minutes=minutes))
        rows.append(f"| {minutes:,} | {events_usd:,.4f} | {webhooks_usd:,.4f} |")
    return [
        "## Announcements",
        "",
        *paragraph(
            "Events and webhooks ([webhooks.md](webhooks.md)) are off by default, and the bills above have none.",
            f"An upload has {counts.ANNOUNCEMENTS} announcements: its job was created, and it ended. Each costs a",
            "DynamoDB write, and then one event of EventBridge, or three SQS requests for each endpoint of webhooks.",
            "A failed attempt at a webhook adds a request to receive it and one to hide it.",
        ),
        "| minutes | events | webhooks to one endpoint |",
        "|---:|---:|---:|",
        *rows,
        "",
        *paragraph(
            f"The polls of an endpoint's queue cost ${idle_endpoint_usd('lambda'):.2f} a month on Lambda, also without",
            f"a webhook, and ${idle_endpoint_usd('fargate'):.2f} for each task on Fargate. A queue without an endpoint",
            f"is not polled. A secret for an endpoint costs ${prices.SECRET.usd:.2f} a month. The bytes that a",
            "webhook sends are data out of AWS: less than 20 kB each.",
            f"Up to {counts.ANNOUNCEMENT_METRICS} more metrics, for ${prices.METRIC.usd:.2f} a month each, count",
            "webhooks and announcements that waited.",
        ),
    ]
