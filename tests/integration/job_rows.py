"""The rows and files of a job, written and read directly."""

import time
from typing import TYPE_CHECKING

from local.provision import Stack
from transcode.job import Job
from worker.claim import Destination

from .stores import Stores

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

KEY_VALUE = "00112233445566778899aabbccddeeff"


async def put_submitted_job(stores: Stores, job_id: str) -> Destination:
    """Write the rows of a job that was just created, and return its destination."""
    destination = Destination(
        input_file=f"uploads/{job_id}/clip.mp4", output_path=f"{job_id}/", key_file="clip.key", key_value=KEY_VALUE
    )
    now_s = int(time.time())
    await stores.outputs.put(job_id, destination, now_s=now_s)
    await stores.statuses.submit(Job(job_id=job_id, input_file=destination.input_file), now_s=now_s)
    return destination


async def read_job(stores: Stores, job_id: str) -> Job:
    """Return the job's row; fail if there is none."""
    job = await stores.statuses.get(job_id, now_s=int(time.time()), consistent=True)
    assert job is not None
    return job


async def output_file_names(s3: "S3Client", stack: Stack, job_id: str) -> set[str]:
    """Return the names of the files in the job's output folder."""
    response = await s3.list_objects_v2(Bucket=stack.output_bucket, Prefix=f"{job_id}/")
    return {entry["Key"].rsplit("/", 1)[-1] for entry in response.get("Contents", [])}
