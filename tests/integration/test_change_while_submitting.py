"""A caller changes an upload's labels while the worker creates its job: the job has the change, in any order."""

from dataclasses import replace

import pytest

from local.provision import Stack
from service.uploads.changes import with_changes
from tests.integration.queue_messages import object_created
from tests.integration.stores import Stores
from transcode.job import Job
from transcode.lookup import Lookup
from transcode.lookup_table import LookupTable
from transcode.status_table import StatusTable
from worker.deliveries import DeliveryHandler

NOW_S = 1_900_000_000


async def change(stores: Stores, input_file: str, external_id: str) -> None:
    """Change the external id as the service does it."""
    lookup = await stores.lookups.get(input_file, now_s=0, consistent=True)
    assert lookup is not None
    wanted = with_changes(lookup, {"external_id": external_id})
    row = await stores.lookups.describe(wanted, known_revision=lookup.revision)
    assert row is not None
    if row.job_id is not None:
        await stores.statuses.describe(row.job_id, row)


@pytest.mark.parametrize("before", ["submit", "link"])
async def test_a_change_while_the_job_is_created_is_in_its_row(
    handler: DeliveryHandler,
    stores: Stores,
    stack: Stack,
    input_file: str,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
) -> None:
    """The worker has read the old labels; it finds the change when it links the job."""
    await stores.lookups.announce(Lookup(input_file=input_file, external_id="old"), now_s=NOW_S)
    table = StatusTable if before == "submit" else LookupTable
    original = getattr(table, before)

    async def changed_first(self: object, *args: object, **kwargs: object) -> object:
        await change(stores, input_file, "new")
        return await original(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(table, before, changed_first)
        await handler.handle([object_created(stack, input_file)])
    lookup = await stores.lookups.get(input_file, now_s=0, consistent=True)
    assert lookup is not None
    assert lookup.job_id is not None
    job = await stores.statuses.get(lookup.job_id, now_s=0, consistent=True)
    assert job is not None
    assert (lookup.external_id, job.external_id) == ("new", "new")


async def test_an_older_change_does_not_replace_a_newer_one(stores: Stores, input_file: str, job_id: str) -> None:
    """Two processes write the job's row in the other order than the file's."""
    older = Lookup(input_file=input_file, external_id="older", revision=1)
    newer = replace(older, external_id="newer", revision=2)
    await stores.statuses.submit(Job(job_id=job_id, input_file=input_file), now_s=NOW_S)
    for lookup in (newer, older, newer):
        await stores.statuses.describe(job_id, lookup)
    job = await stores.statuses.get(job_id, now_s=NOW_S, consistent=True)
    assert job is not None
    assert (job.external_id, job.revision) == ("newer", 2)


async def test_a_change_makes_no_row_of_a_job_that_has_none(stores: Stores, job_id: str) -> None:
    """A row without a status would be no job."""
    await stores.statuses.describe(job_id, Lookup(input_file="a", external_id="7", revision=1))
    assert await stores.statuses.get(job_id, now_s=0, consistent=True) is None
