"""Operations on queues."""

from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.operations.call import Call, Operation, list_named, name_of_arn
from mediaconvert_emulator.queues import Queue
from mediaconvert_emulator.request_validation import check_request
from mediaconvert_emulator.scheduler import now_ms
from mediaconvert_emulator.wire import queue_json


def _create(call: Call) -> JsonObject:
    check_request("CreateQueue", call.body)
    queue = call.emulator.queues.create(call.body, now_ms=now_ms())
    call.emulator.set_tags(call.emulator.account.arn("queues", queue.name), call.body)
    return {"queue": _json(call, queue)}


def _get(call: Call) -> JsonObject:
    return {"queue": _json(call, call.emulator.queues.get(_name(call)))}


def _list(call: Call) -> JsonObject:
    queues = call.emulator.queues
    total = queues.quotas.concurrent_jobs
    page = list_named(call, "queues", {name: _json(call, queue) for name, queue in queues.queues.items()})
    return {**page, "totalConcurrentJobs": total, "unallocatedConcurrentJobs": total - queues.allocated}


def _update(call: Call) -> JsonObject:
    check_request("UpdateQueue", call.body)
    queue = call.emulator.queues.update(_name(call), call.body, now_ms=now_ms())
    call.emulator.scheduler.dispatch()
    return {"queue": _json(call, queue)}


def _delete(call: Call) -> JsonObject:
    call.emulator.queues.delete(_name(call), call.emulator.jobs.all())
    call.emulator.state.tags.pop(call.emulator.account.arn("queues", _name(call)), None)
    return {}


def _name(call: Call) -> str:
    return name_of_arn(call.path["name"], "queues")


def _json(call: Call, queue: Queue) -> JsonObject:
    emulator = call.emulator
    return queue_json(queue, emulator.account, emulator.jobs.all(), concurrency=emulator.concurrency)


OPERATIONS: dict[str, Operation] = {
    "CreateQueue": _create,
    "GetQueue": _get,
    "ListQueues": _list,
    "UpdateQueue": _update,
    "DeleteQueue": _delete,
}
