"""docs/cost.md, written from the model, so that no number in it can be wrong alone. Pure."""

import textwrap
from collections.abc import Sequence

from deploy.cost import counts, prices
from deploy.cost.model import Part, Target, bill, first_version, total
from deploy.cost.workload import SCALES, Workload

MOVES = {
    "MediaConvert": "`infra/job_template.json`: renditions, their sizes and quality; reserved queues at a large scale",
    "S3: storage": "a lifecycle rule on the input bucket (nothing reads an upload after its job); bit rates",
    "S3: requests": "`SegmentLength` in the job template",
    "CloudFront: data": "`MaxBitrate` in the job template; `PriceClass`; a commitment",
    "CloudFront: requests": "`SegmentLength`",
    "DynamoDB": "`STATUS_UPDATE_INTERVAL_S`, `TICK_S`; provisioned capacity at a large and steady load",
    "SQS": "`STATUS_UPDATE_INTERVAL_S`, `POLLERS`; a backlog is taken by tens, for less than half",
    "EventBridge": "nothing",
    "Lambda: worker": "`WorkerMemoryMb`, `JobEventsWindowS`, `STATUS_UPDATE_INTERVAL_S`",
    "Lambda: service": "`ServiceMemoryMb`",
    "Lambda: held long polls": "`ServiceMemoryMb`; `TARGET=fargate`, where streams cost nothing",
    "API Gateway": "`TARGET=fargate`",
    "Fargate: service": "`ServiceMinTasks`, `ServiceCpu`, `ServiceMemoryMb`",
    "Fargate Spot: worker": "`WorkerMinTasks`, `WorkerBacklogPerTask`, `WorkerOnDemandTasks`",
    "Load balancer": "`TARGET=lambda`",
    "Public addresses": "a VPC of your own (`VpcId`); one NAT gateway costs as much as nine of them",
    "Logs": "`LogLevel`, `LogRetentionDays`",
    "Alarms, metrics, dashboard": "leaving out `alarms.yaml`; the first three dashboards of an account are free",
    "Lambda": "",
    "Autoscaling's alarms": "on-demand tables, as here, have none",
}


def document() -> str:
    """Return the whole document."""
    return "\n".join([*_head(), *_bills(), *_assumed(), *_counted(), *_priced(), ""])


def _head() -> list[str]:
    largest = Workload(minutes=SCALES[-1])
    parts = bill(largest, "fargate")
    video = sum(part.usd for part in parts if part.name in {"MediaConvert", "S3: storage", "CloudFront: data"})
    return [
        "# What it costs",
        "",
        "<!-- Written by `make cost` from deploy/cost/. A test holds this page to it. -->",
        "",
        *_paragraph(
            f"A month in us-east-1, in US dollars, at the prices below ({prices.AS_OF}), without free tiers. The",
            f"video costs what video costs: of the bill for {SCALES[-1]:,} minutes, {video / total(parts):.1%} is",
            "transcoding, keeping and sending it. What this project adds to that is the rest.",
        ),
    ]


def _bills() -> list[str]:
    lines: list[str] = []
    titles: tuple[tuple[Target, str], ...] = (("lambda", "On Lambda"), ("fargate", "On Fargate"))
    for target, title in titles:
        lines += [f"## {title}", "", *_table([bill(Workload(minutes=minutes), target) for minutes in SCALES]), ""]
    return [
        *lines,
        *_paragraph(
            f"Without a single upload it is ${_idle('lambda'):.2f} on Lambda, of which the alarms are most, and",
            f"${_idle('fargate'):.2f} on Fargate, with tasks and load balancer. Lambda is the cheaper one until",
            "enough people watch progress: each of them holds a function while they wait, where one task of",
            f"Fargate's holds thousands. A key that signs playback's cookies adds ${prices.SECRET.usd:.2f} for its",
            "secret.",
        ),
        "## The first version",
        "",
        *_paragraph(
            "Two functions and three tables with provisioned capacity and autoscaling, as people copy it: no API, no",
            "page, no queues, no alarm on anything that goes wrong; and every fault that this project was written to",
            "end.",
        ),
        *_table([first_version(Workload(minutes=minutes)) for minutes in SCALES]),
        "",
        *_paragraph(
            f"Its tables' alarms alone cost ${counts.FIRST_VERSION_ALARMS * prices.ALARM_METRIC.usd:.2f} a month for",
            "good, whether anybody uploads or not. Tables on demand cost nothing while nothing happens, and more",
            "than provisioned ones under a large and steady load: there, `BillingMode` in `infra/pipeline.yaml` is",
            "worth a look. Our own alarms and metrics cost more than its, and say something when they fire.",
        ),
    ]


def _idle(target: Target) -> float:
    return total(bill(Workload(minutes=0), target))


def _table(bills: Sequence[Sequence[Part]]) -> list[str]:
    heads = " | ".join(f"{minutes:,} min" for minutes in SCALES)
    lines = [f"| part | {heads} | what moves it |", f"|---|{'---:|' * len(SCALES)}---|"]
    for row in zip(*bills, strict=True):
        amounts = " | ".join(f"{part.usd:,.2f}" for part in row)
        lines.append(f"| {row[0].name} | {amounts} | {MOVES[row[0].name]} |")
    sums = " | ".join(f"**{total(list(each)):,.2f}**" for each in bills)
    return [*lines, f"| **together** | {sums} | |"]


def _assumed() -> list[str]:
    load = Workload(minutes=SCALES[0])
    return [
        "## Assumed",
        "",
        *_paragraph(
            f"Videos of {load.video_minutes:g} minutes, uploaded at {load.source_mbit_s:g} Mbit/s, kept for the",
            f"month with outputs of {load.outputs_mbit_s:g} Mbit/s together (storage adds up with every month that",
            f"they are kept); each watched {load.views:g} times at {load.watched_mbit_s:g} Mbit/s in North America",
            f"or Europe, {1 - load.misses:.0%} of it from CloudFront's caches. A job takes {load.transcode_share:g}",
            f"s for a second of video and tells of itself every {load.update_interval_s:g} s; one person watches its",
            f"progress. A function takes {load.submit_s:g} s for an upload, {load.event_s:g} s for an event and",
            f"{load.request_s:g} s for a request: guesses, made before any deployment, which weigh nothing in the",
            "sum.",
        ),
        *_paragraph(
            "At 30 frames a second or fewer, a minute of 1080p or 720p is two normalized minutes, one of 360p is",
            "one. Not confirmed: that QVBR and AES-128 leave a job in the Basic tier; in the Professional tier",
            "transcoding costs more. MediaConvert's discounts for volume are not in here, nor is support, tax, or",
            "data that leaves AWS other than through CloudFront.",
        ),
    ]


def _counted() -> list[str]:
    load = Workload(minutes=SCALES[0])
    return [
        "## Counted",
        "",
        *_paragraph(
            "A test sends an upload through service and worker and counts their calls; another counts the alarms in",
            "the templates.",
        ),
        "| what | DynamoDB writes | reads | S3 |",
        "|---|---:|---:|---:|",
        f"| announcing an upload | {counts.ANNOUNCE_WRITES} | | |",
        f"| making its job | {counts.SUBMIT_WRITES} | {counts.SUBMIT_READS} | |",
        f"| PROGRESSING, and each STATUS_UPDATE ({load.updates:g} here) | {counts.EVENT_WRITES} | | |",
        f"| COMPLETE | {counts.COMPLETE_WRITES} | {counts.COMPLETE_READS} | {counts.COMPLETE_PUTS} PUTs |",
        f"| a look at a job, shared by all who look in the same second | | {counts.LOOK_READS} | |",
        "",
        *_paragraph(
            f"No row is larger than {counts.ROW_BYTES:,} bytes, so each write is one unit. A message is three",
            f"requests of SQS: sent, taken, deleted; an upload here is {load.messages:g} messages. Both processes",
            f"together log {counts.LOG_BYTES_PER_UPLOAD:,} bytes about an upload at most.",
        ),
    ]


def _priced() -> list[str]:
    rows = [
        f"| {price.what} | {_amount(price.usd)} | {price.per} | {'yes' if price.is_confirmed else ''} |"
        for price in prices.listed()
    ]
    steps = ", ".join(f"{usd:.3f}" for _, usd in prices.TRANSFER_GB)
    return [
        "## Prices",
        "",
        *_paragraph(
            f"us-east-1, {prices.AS_OF}. *Confirmed* ones were found so on a public page; most of AWS's own price",
            "pages could not be read while this was written, so look the others up before you rely on them, change",
            "`deploy/cost/prices.py`, and `make cost`.",
        ),
        "| what | $ | per | confirmed |",
        "|---|---:|---|---|",
        *rows,
        f"| CloudFront, data to North America and Europe | {steps} | GB: to 10, 50, 150, 500, 1,024, 5,120 TB | yes |",
    ]


def _paragraph(*pieces: str) -> list[str]:
    return [*textwrap.wrap(" ".join(pieces), 120, break_long_words=False, break_on_hyphens=False), ""]


def _amount(usd: float) -> str:
    return f"{usd:.10f}".rstrip("0").rstrip(".") if usd < 0.01 else f"{usd:g}"  # noqa: PLR2004 -- cents
