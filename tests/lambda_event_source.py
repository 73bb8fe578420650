"""Lambda's event source mapping: hands the messages of SQS queues to a function, and deletes those that it handled.

`python -m tests.lambda_event_source --invoke-url=… --queue-url=… [--queue-url=…]`, with AWS's own settings in the
environment. Does as https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html says of ReportBatchItemFailures.
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import boto3
import httpx

from tests.integration.lambda_events import from_queue

WAIT_S = 1
"""For one queue's messages, so that the others' are not kept waiting."""


def poll(sqs: Any, invoke: Callable[..., httpx.Response], *, queue_url: str) -> None:  # noqa: ANN401 -- boto3's client
    """Hand over one batch, if there is any. What a function that raised was given comes again, as all that failed."""
    received = sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=WAIT_S, AttributeNames=["All"]
    )
    messages: Sequence[dict[str, Any]] = received.get("Messages", [])
    if not messages:
        return
    arn = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    answer = invoke(json=from_queue(arn, messages))
    print(f"{arn}: {len(messages)} messages: {answer.status_code} {answer.text}", flush=True)  # noqa: T201 -- its log
    if answer.is_success and "X-Amz-Function-Error" not in answer.headers:
        failed = {each["itemIdentifier"] for each in answer.json()["batchItemFailures"]}
        for message in messages:
            if message["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


def main() -> None:
    """Poll until the process is ended."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--invoke-url", required=True)
    arguments.add_argument("--queue-url", required=True, action="append", dest="queue_urls")
    given = arguments.parse_args()
    sqs = boto3.client("sqs")
    with httpx.Client(timeout=60, trust_env=False) as client:
        while True:
            for queue_url in given.queue_urls:
                poll(sqs, partial(client.post, given.invoke_url), queue_url=queue_url)


if __name__ == "__main__":
    main()
