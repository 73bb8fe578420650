"""Row "worker-intake": uploads a second that one worker takes in: the claim, the status QUEUED, and the next queue."""

from bench.harness import Bench
from bench.queue_drain import drain_stub, stub_client
from bench.results import Figure, Row, at_least, at_most

UPLOADS = 2_000
LATENCIES_MS = (0, 5)
"""Approximate latency of DynamoDB and SQS within their region is 5 ms."""
GOAL_PER_S = 100


def intake(bench: Bench) -> Row:
    """Measure with waiting uploads, on the stub, with responses at once and after 5 ms."""
    uploads = 200 if bench.quick else UPLOADS
    figures, targets = [], []
    with stub_client(bench.stub) as stub:
        for latency_ms in LATENCIES_MS:
            stub.post("/delay", params={"ms": latency_ms})
            try:
                rounds = [
                    drain_stub(bench.stub, messages=uploads, batch=uploads, queue="uploads")
                    for _ in range(min(3, bench.rounds))
                ]
            finally:
                stub.post("/delay", params={"ms": 0})
            where = f"each response after {latency_ms} ms"
            rate = Figure(name=f"this worker, {where}", unit="uploads/s", rounds=[each.rate for each in rounds])
            figures += [
                rate,
                Figure(name=f"{where}: processor", unit="µs/upload", rounds=[each.cpu_us for each in rounds]),
                Figure(name=f"{where}: writes", unit="writes/upload", rounds=[each.writes for each in rounds]),
                Figure(name=f"{where}: SQS", unit="calls/upload", rounds=[each.sqs_calls for each in rounds]),
            ]
            targets += [
                at_least(f"at least {GOAL_PER_S} uploads a second, {where}", rate.median, GOAL_PER_S),
                at_most(f"at most two writes for an upload, and a few in all, {where}", rounds[0].writes, 2.1),
            ]
    return Row(
        name="worker-intake",
        what=f"worker, intake of {uploads:,} waiting uploads",
        figures=figures,
        targets=targets,
        limit="The worker's one core; a second worker doubles the rate.",
    )
