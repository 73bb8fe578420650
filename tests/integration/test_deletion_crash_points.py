"""A worker dies before or after any one of a deletion's AWS calls: the next delivery deletes the rest."""

import asyncio
import secrets
from dataclasses import replace

import pytest

from local.provision import Stack
from tests.integration.deletion_scene import DeletionScene, delete_message
from tests.integration.killer import Killer, Pipeline
from tests.integration.stores import Stores
from transcode.aws import Aws
from worker.deliveries import DeliveryHandler
from worker.outcomes import Done

MAX_CALLS = 26
"""More AWS calls than a deletion makes."""


class PatientPipeline(Pipeline):
    """Starts workers whose deletions end in one delivery, however slow the machine is."""

    async def worker(self, killer: Killer | None = None, *, is_intake: bool = False) -> DeliveryHandler:
        """Return a new worker's handler."""
        handler = await super().worker(killer, is_intake=is_intake)
        deleter = replace(handler.batch.deleter, work_clock=lambda: 0.0)
        return replace(handler, batch=replace(handler.batch, deleter=deleter))


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
async def test_nothing_is_left_of_an_upload_wherever_a_worker_dies(
    worker_aws: Aws, stack: Stack, stores: Stores, aws: Aws, mediaconvert_endpoint: str, *, is_before: bool
) -> None:
    """A worker dies at each call: mark, claims, jobs, uploads in parts, objects, rows, tombstone, sweep."""
    pipeline = PatientPipeline(aws=worker_aws, stack=stack, mediaconvert=mediaconvert_endpoint)
    first = DeletionScene(stack=stack, stores=stores, aws=aws, input_file="")
    scenes = [replace(first, input_file=f"uploads/{secrets.token_hex(8)}/clip.mp4") for _ in range(MAX_CALLS)]
    job_ids = await asyncio.gather(*(scene.complete(segments=1) for scene in scenes))
    await asyncio.gather(*(scene.begin_multipart() for scene in scenes))
    messages = [delete_message(stack, scene.input_file) for scene in scenes]
    died_at = await asyncio.gather(
        *(pipeline.dies_at(message, call, is_before=is_before) for call, message in enumerate(messages))
    )
    handler = await pipeline.worker()
    outcomes = await handler.handle(messages)
    assert set(outcomes.values()) == {Done()}
    for scene, job_id in zip(scenes, job_ids, strict=True):
        assert (await scene.objects(), await scene.multipart_uploads()) == ([], 0)
        assert await scene.key_rows(job_id, scene.claim_id()) == []
        assert "InputFile" not in await scene.job_row(job_id)
        assert "DeletedTime" in await scene.upload_row()
    assert {"ListObjectVersions", "DeleteObjects", "AbortMultipartUpload", "DeleteItem", "SendMessage"} <= set(died_at)
    assert died_at[-1] is None, "there are more calls than deaths"
