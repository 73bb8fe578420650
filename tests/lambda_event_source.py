"""Lambda's event source mapping: invoke a function with messages of SQS queues, and delete those that it handled.

`python -m tests.lambda_event_source --invoke-url=… --queue-url=… [--queue-url=…]` reads AWS's own settings from the
environment. It handles ReportBatchItemFailures as https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html describes.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import boto3
import httpx

from tests.integration.lambda_events import from_queue

WAIT_S = 1
"""The time to wait for messages of one queue before the next queue is polled."""


def poll(sqs: Any, invoke: Callable[..., httpx.Response], *, queue_url: str) -> None:  # noqa: ANN401 -- boto3's client
    """Invoke the function with one batch, if there is one. Messages of a failed invocation stay in the queue."""
    received = sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=WAIT_S, AttributeNames=["All"]
    )
    messages: Sequence[dict[str, Any]] = received.get("Messages", [])
    if not messages:
        return
    arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    response = invoke(json=from_queue(arn, messages))
    print(f"{arn}: {len(messages)} messages: {response.status_code} {response.text}", flush=True)  # noqa: T201 -- a log
    if response.is_success and "X-Amz-Function-Error" not in response.headers:
        failed = {each["itemIdentifier"] for each in response.json()["batchItemFailures"]}
        for message in messages:
            if message["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


def main() -> None:
    """Poll until the process is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoke-url", required=True)
    parser.add_argument("--queue-url", required=True, action="append", dest="queue_urls")
    arguments = parser.parse_args()
    sqs = boto3.client("sqs")
    with httpx.Client(timeout=60, trust_env=False) as client:
        while True:
            for queue_url in arguments.queue_urls:
                poll(sqs, partial(client.post, arguments.invoke_url), queue_url=queue_url)


if __name__ == "__main__":
    main()
