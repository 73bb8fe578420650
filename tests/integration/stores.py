"""The program's stores on a deployed pipeline, for tests that read and write rows and files directly."""

from dataclasses import dataclass

from local.provision import Stack
from transcode.aws import Aws
from transcode.lifetimes import Lifetimes
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable
from worker.artifacts import ArtifactStore
from worker.key_table import KeyTable

STATUS_TTL_S = 86_400
OUTPUT_TTL_S = 14 * 86_400
LIFETIMES = Lifetimes(changed_s=STATUS_TTL_S, waiting_s=OUTPUT_TTL_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """All tables, and the output bucket."""

    statuses: StatusTable
    lookups: LookupTable
    outputs: KeyTable
    artifacts: ArtifactStore


async def open_stores(stack: Stack, *, shared_aws: Aws, worker_aws: Aws) -> Stores:
    """Open the stores; those that only the worker has get clients of `worker_aws`."""
    dynamodb = await shared_aws.dynamodb()
    return Stores(
        statuses=StatusTable(dynamodb, stack.status_table, LIFETIMES),
        lookups=LookupTable(dynamodb, stack.input_file_table, LIFETIMES),
        outputs=KeyTable(await worker_aws.dynamodb(), stack.output_table, ttl_s=OUTPUT_TTL_S),
        artifacts=ArtifactStore(await worker_aws.s3(), stack.output_bucket),
    )
