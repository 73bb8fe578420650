"""Operations on the tags of queues, job templates, presets and jobs."""

from collections.abc import Collection

from mediaconvert_emulator.errors import NotFoundException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.operations.call import Call, Operation
from mediaconvert_emulator.request_validation import check_request


def _list(call: Call) -> JsonObject:
    arn = call.path["arn"]
    _check_exists(call, arn)
    return {"resourceTags": {"arn": arn, "tags": call.emulator.state.tags.get(arn, {})}}


def _tag(call: Call) -> JsonObject:
    check_request("TagResource", call.body)
    _check_exists(call, call.body["arn"])
    call.emulator.set_tags(call.body["arn"], call.body)
    return {}


def _untag(call: Call) -> JsonObject:
    check_request("UntagResource", call.body)
    _check_exists(call, call.path["arn"])
    tags = call.emulator.state.tags.get(call.path["arn"], {})
    for key in call.body.get("tagKeys") or []:
        tags.pop(key, None)
    return {}


def _check_exists(call: Call, arn: str) -> None:
    emulator = call.emulator
    kind, _, name = arn.rpartition(":")[2].partition("/")
    names: dict[str, Collection[str]] = {
        "queues": emulator.queues.queues.keys(),
        "jobTemplates": emulator.state.templates.items.keys(),
        "presets": emulator.state.presets.items.keys(),
        "jobs": {job.id for job in emulator.jobs.all()},
    }
    if arn != emulator.account.arn(kind, name) or name not in names.get(kind, ()):
        raise NotFoundException(f"No resource {arn!r}")


OPERATIONS: dict[str, Operation] = {"ListTagsForResource": _list, "TagResource": _tag, "UntagResource": _untag}
