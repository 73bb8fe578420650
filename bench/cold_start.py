"""`python -m bench.cold_start <what>`: imports a Lambda handler, sends it one request, and prints the time of both.

With `<what>` `service_copy` or `worker_copy`, the time is that of a copy of a snapshot: a fork of the process after the
import, which first runs the hooks, as Lambda's SnapStart does.
"""

import json
import os
import sys
import time

WALL_S, CPU_S = time.perf_counter(), time.process_time()
OK = 200
JOB = "1763798400123-bench00000"
HTTP = {
    "version": "2.0",
    "routeKey": "$default",
    "rawPath": f"/jobs/{JOB}",
    "rawQueryString": "",
    "headers": {"host": "api.example", "accept": "*/*"},
    "requestContext": {
        "http": {"method": "GET", "path": f"/jobs/{JOB}", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        "domainName": "api.example",
        "stage": "$default",
    },
    "isBase64Encoded": False,
}
JOB_EVENT = {
    "detail-type": "MediaConvert Job State Change",
    "detail": {
        "jobId": JOB,
        "status": "STATUS_UPDATE",
        "timestamp": 1763798413340,
        "userMetadata": {"InputBucket": "bench-in"},
        "jobProgress": {"jobPercentComplete": 38, "currentPhase": "TRANSCODING"},
    },
}
SQS_EVENT = {
    "Records": [
        {
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:job_events",
            "messageId": "1",
            "receiptHandle": "1",
            "body": json.dumps(JOB_EVENT),
            "attributes": {"ApproximateReceiveCount": "1"},
        }
    ]
}


class Context:
    """The context object that Lambda passes with the event."""

    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        """Return the time until Lambda ends the invocation."""
        return 200_000


def start(what: str) -> object:
    """Import the handler and call it once, as Lambda does in a new container; the import is part of the measurement."""
    match what:
        case "service":
            from service.lambda_handler import handler as serve  # noqa: PLC0415

            return serve(HTTP, Context())  # type: ignore[arg-type]
        case "worker":
            from worker.lambda_handler import handler as work  # noqa: PLC0415

            return work(SQS_EVENT, Context())
        case "first_version":
            from bench.peers.first_version import on_job_event  # noqa: PLC0415

            on_job_event(JOB_EVENT, Context())
            return None
        case "empty_service":
            from bench.peers.empty import serve as serve_nothing  # noqa: PLC0415

            return serve_nothing(HTTP, Context())  # type: ignore[arg-type]
        case _:
            import boto3  # noqa: F401, PLC0415  # type: ignore[import-untyped]

            return None


def start_copy(what: str) -> tuple[float, float, object]:
    """Return the times at which the copy began, and the response: in the copy only, because this process ends."""
    os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "snap-start"
    from awslambdaric import lambda_runtime_hooks_runner as hooks  # type: ignore[import-untyped]  # noqa: PLC0415

    if what == "service":
        import service.lambda_handler  # noqa: F401, PLC0415
    else:
        import worker.lambda_handler  # noqa: F401, PLC0415
    hooks.run_before_snapshot()
    if pid := os.fork():
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    began = time.perf_counter(), time.process_time()
    hooks.run_after_restore()
    return *began, start(what)


def main(what: str) -> None:
    """Measure, and print the times."""
    if what.endswith("_copy"):
        wall_s, cpu_s, response = start_copy(what.removesuffix("_copy"))
    else:
        wall_s, cpu_s, response = WALL_S, CPU_S, start(what)
    if response not in (None, {"batchItemFailures": []}) and json.loads(json.dumps(response))["statusCode"] != OK:
        sys.exit(f"{what} returned {response}")
    print(json.dumps({"wall_s": time.perf_counter() - wall_s, "cpu_s": time.process_time() - cpu_s}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
