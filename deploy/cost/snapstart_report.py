"""The part of docs/cost.md about SnapStart. Pure."""

from deploy.cost import prices
from deploy.cost.paragraphs import paragraph

SERVICE_GB, WORKER_GB = 1.0, 0.5
"""ServiceMemoryMb and WorkerMemoryMb of infra/lambda.yaml."""
STARTS = 1_000


def snapshots() -> list[str]:
    """Return the lines of the chapter."""
    kept_usd = (SERVICE_GB + WORKER_GB) * prices.HOURS * 3_600 * prices.SNAPSHOT_GB_S.usd
    return [
        "## SnapStart",
        "",
        *paragraph(
            "With `SnapStart=on`, AWS charges for the snapshot of each version of the service and the worker, by the",
            f"function's memory: ${kept_usd:.2f} a month for each release that exists, and at least for three hours.",
            "Releases stay for `make rollback`, so delete the versions of old ones",
            "([deploy.md](deploy.md#start-functions-from-a-snapshot)). Each start from a snapshot costs as well:",
            f"${STARTS * SERVICE_GB * prices.RESTORED_GB.usd:.2f} for {STARTS:,} starts of the service, and",
            f"${STARTS * WORKER_GB * prices.RESTORED_GB.usd:.2f} for {STARTS:,} starts of the worker.",
        ),
    ]
