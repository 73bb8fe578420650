"""Operations on the account: endpoints, the policy on inputs, and operations that the emulator refuses by name."""

from mediaconvert_emulator.account_resources import ALLOWED
from mediaconvert_emulator.errors import BadRequestException
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.operations.call import Call, Operation
from mediaconvert_emulator.request_validation import check_request


def _describe_endpoints(call: Call) -> JsonObject:
    return {"endpoints": [{"url": call.base_url}]}


def _get_policy(call: Call) -> JsonObject:
    return {"policy": call.emulator.state.policy}


def _put_policy(call: Call) -> JsonObject:
    check_request("PutPolicy", call.body)
    call.emulator.state.policy = ALLOWED | {key: value for key, value in call.body["policy"].items() if value}
    return {"policy": call.emulator.state.policy}


def _delete_policy(call: Call) -> JsonObject:
    call.emulator.state.policy = dict(ALLOWED)
    return {}


def _refuse(name: str, reason: str) -> Operation:
    def operation(_: Call) -> JsonObject:
        raise BadRequestException(f"{name} is not emulated: {reason}")

    return operation


NO_SPEKE = "it serves encryption with SPEKE, which is not emulated"

REFUSED = {
    "AssociateCertificate": NO_SPEKE,
    "DisassociateCertificate": NO_SPEKE,
    "CreateResourceShare": "it shares a job with AWS Support",
    "ListVersions": "the emulator has no versions of AWS's job engine",
}
"""Operations that would do nothing here, with the reason."""

OPERATIONS: dict[str, Operation] = {
    "DescribeEndpoints": _describe_endpoints,
    "GetPolicy": _get_policy,
    "PutPolicy": _put_policy,
    "DeletePolicy": _delete_policy,
    **{name: _refuse(name, reason) for name, reason in REFUSED.items()},
}
