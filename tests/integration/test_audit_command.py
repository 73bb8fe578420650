"""The audit finds what is left of deleted uploads and what belongs to no upload, and nothing else."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from local.provision import Stack
from tests.integration.deletion_scene import DeletionScene, delete_message, now_s
from tests.integration.intake_pipeline import open_pipeline
from tests.integration.process_settings import worker_settings
from tests.integration.stores import open_stores
from transcode.aws import Aws
from transcode.job import Job
from transcode.lookup import Lookup
from worker.audit.command import run
from worker.audit.findings import Problem
from worker.outcomes import Done


async def test_an_audit_finds_what_a_deletion_left_and_nothing_else(
    aws: Aws,
    shared_aws: Aws,
    worker_aws: Aws,
    deploy_stack: Callable[..., Stack],
    mediaconvert_endpoint: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An upload that stays, a deleted one, one that waits, an object without a row, and a row that came back."""
    stack = deploy_stack({})
    settings = worker_settings(stack, mediaconvert_endpoint)
    stores = await open_stores(stack, shared_aws=shared_aws, worker_aws=worker_aws)
    kept = DeletionScene(stack=stack, stores=stores, aws=aws, input_file="uploads/1/kept.mp4")
    deleted = replace(kept, input_file="uploads/2/deleted.mp4")
    await kept.complete()
    await deleted.complete()
    worker = await open_pipeline(worker_aws, stack, mediaconvert_endpoint)
    assert await worker.take_in(delete_message(stack, deleted.input_file)) == [Done()]
    assert (await run(settings, grace_s=-5)).by_place == {}
    assert "0 problems" in capsys.readouterr().out
    await replace(kept, input_file="uploads/5/$price/./kept.mp4").complete()  # its outputs are in uploads/5/_price/_/
    assert (await run(settings, grace_s=-5)).by_place == {}

    await deleted.put_outputs(f"{deleted.input_file}_20261122083000-0a1b2c/", "1-a", segments=1)
    await stores.statuses.submit(Job(job_id="1-late", input_file=deleted.input_file), now_s=now_s())
    await replace(kept, input_file="uploads/3/unknown.mp4").put_input()
    waiting = Lookup(input_file="uploads/4/waiting.mp4")
    await stores.lookups.announce(waiting, now_s=now_s())
    await worker.intake.batch.deleter.rows.mark(waiting.input_file, now_s=now_s())
    found = (await run(settings, grace_s=-5)).by_place
    assert {key: each.count for key, each in found.items()} == {
        (Problem.LEFT, f"s3://{stack.output_bucket}/{deleted.input_file}_20261122083000-0a1b2c/"): 4,
        (Problem.LEFT, "job 1-late"): 1,
        (Problem.NO_UPLOAD, f"s3://{stack.input_bucket}/uploads/3/unknown.mp4"): 1,
        (Problem.UNFINISHED, "upload uploads/4/waiting.mp4"): 1,
    }
    assert (await run(settings, grace_s=3_600)).by_place.keys() == {(Problem.LEFT, "job 1-late")}
