"""Operations on jobs, and Probe."""

import secrets
from collections.abc import Awaitable

from mediaconvert_emulator.errors import NotFoundException
from mediaconvert_emulator.jobs_query import check_filters, query_jobs
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.listing import PageRequest, paginate, with_next_token
from mediaconvert_emulator.operations.call import Call, Operation
from mediaconvert_emulator.request_validation import check_request
from mediaconvert_emulator.wire import job_json


def _create(call: Call) -> JsonObject:
    return call.emulator.create_job(call.body)


def _get(call: Call) -> JsonObject:
    return {"job": job_json(call.emulator.jobs.get(call.path["id"]), call.emulator.account)}


def _list(call: Call) -> JsonObject:
    return call.emulator.list_jobs(call.query)


def _cancel(call: Call) -> JsonObject:
    call.emulator.scheduler.cancel(call.emulator.jobs.get(call.path["id"]))
    return {}


def _start_query(call: Call) -> JsonObject:
    check_request("StartJobsQuery", call.body)
    check_filters(call.body.get("filterList") or [])
    _query_page_request(call.body)
    query_id = f"query-{secrets.token_hex(8)}"
    call.emulator.state.queries[query_id] = call.body
    return {"id": query_id}


def _query_page_request(body: JsonObject) -> PageRequest:
    texts = {name: str(body[name]) for name in ("maxResults", "nextToken", "order") if body.get(name) is not None}
    return PageRequest.from_query(texts, default_order="DESCENDING")


def _get_query_results(call: Call) -> JsonObject:
    """Return the jobs that match when the caller reads them; a query is complete at once."""
    body = call.emulator.state.queries.get(call.path["id"])
    if body is None:
        raise NotFoundException(f"No jobs query {call.path['id']!r}")
    jobs = query_jobs(call.emulator.jobs.all(), body.get("filterList") or [])
    page, token = paginate([(job.id, job) for job in jobs], _query_page_request(body))
    answer = {"jobs": [job_json(job, call.emulator.account) for job in page], "status": "COMPLETE"}
    return with_next_token(answer, token)


def _probe(call: Call) -> Awaitable[JsonObject]:
    return call.emulator.probe_operation.run(call.body)


OPERATIONS: dict[str, Operation] = {
    "CreateJob": _create,
    "GetJob": _get,
    "ListJobs": _list,
    "SearchJobs": _list,
    "CancelJob": _cancel,
    "StartJobsQuery": _start_query,
    "GetJobsQueryResults": _get_query_results,
    "Probe": _probe,
}
