"""The deployed resources have the properties of infra/pipeline.yaml, including those that emulators leave out."""

import json
from typing import Any

import aioboto3
import httpx
import pytest

from local import cloudformation_template as templates
from local.provision import Stack, pipeline_template

TEMPLATE = templates.parse(pipeline_template())
BUCKETS = [("InputBucket", "input_bucket"), ("OutputBucket", "output_bucket")]
TABLES = [("InputFileTable", "input_file_table"), ("OutputTable", "output_table"), ("StatusTable", "status_table")]
QUEUES = [
    ("UploadsQueue", "uploads_queue_url"),
    ("UploadsDeadLetterQueue", "uploads_dead_letter_queue_url"),
    ("SubmissionQueue", "submission_queue_url"),
    ("SubmissionDeadLetterQueue", "submission_dead_letter_queue_url"),
    ("JobEventsQueue", "job_events_queue_url"),
    ("JobEventsDeadLetterQueue", "job_events_dead_letter_queue_url"),
]


def _properties(logical_id: str) -> dict[str, Any]:
    properties: dict[str, Any] = TEMPLATE["Resources"][logical_id]["Properties"]
    return properties


def _resolve(value: object) -> object:
    """Return a property's value; for a reference to a parameter, the parameter's default."""
    return TEMPLATE["Parameters"][value["Ref"]]["Default"] if isinstance(value, dict) and "Ref" in value else value


@pytest.mark.parametrize(("logical_id", "name"), TABLES)
async def test_a_table_has_the_properties_of_the_template(stack: Stack, logical_id: str, name: str) -> None:
    """Key, billing, expiry, recovery and encryption, as DynamoDB returns them."""
    properties, table = _properties(logical_id), getattr(stack, name)
    async with aioboto3.Session().client("dynamodb", endpoint_url=stack.endpoint_url) as client:
        deployed = (await client.describe_table(TableName=table))["Table"]
        ttl = (await client.describe_time_to_live(TableName=table))["TimeToLiveDescription"]
        backups = (await client.describe_continuous_backups(TableName=table))["ContinuousBackupsDescription"]
    assert deployed["KeySchema"] == properties["KeySchema"]
    assert deployed["AttributeDefinitions"] == properties["AttributeDefinitions"]
    assert deployed["BillingModeSummary"]["BillingMode"] == properties["BillingMode"]
    assert ttl == {
        "TimeToLiveStatus": "ENABLED",
        "AttributeName": properties["TimeToLiveSpecification"]["AttributeName"],
    }
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert deployed["SSEDescription"]["Status"] == "ENABLED"


@pytest.mark.parametrize(("logical_id", "name"), QUEUES)
async def test_a_queue_has_the_attributes_of_the_template(stack: Stack, logical_id: str, name: str) -> None:
    """Every attribute of the template, as SQS returns it."""
    properties, url = _properties(logical_id), getattr(stack, name)
    async with aioboto3.Session().client("sqs", endpoint_url=stack.endpoint_url) as client:
        response = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    deployed = {str(name): value for name, value in response["Attributes"].items()}
    plain = {key: value for key, value in properties.items() if key not in {"QueueName", "RedrivePolicy"}}
    expected = {key: str(_resolve(value)).lower() for key, value in plain.items()}
    assert {key: deployed[key].lower() for key in expected} == expected
    if redrive := properties.get("RedrivePolicy"):
        policy = json.loads(deployed["RedrivePolicy"])
        assert int(policy["maxReceiveCount"]) == _resolve(redrive["maxReceiveCount"])
        dead_letter_queue = getattr(stack, dict(QUEUES)[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]])
        assert policy["deadLetterTargetArn"].rsplit(":", 1)[-1] == dead_letter_queue.rsplit("/", 1)[-1]


@pytest.mark.parametrize(("logical_id", "name"), [queue for queue in QUEUES if "Submission" in queue[0]])
async def test_no_service_may_send_to_the_submission_queue(stack: Stack, logical_id: str, name: str) -> None:
    """Only the worker sends to it, with its own role. The policy, without which SQS has none, refuses plain HTTP."""
    async with aioboto3.Session().client("sqs", endpoint_url=stack.endpoint_url) as client:
        response = await client.get_queue_attributes(QueueUrl=getattr(stack, name), AttributeNames=["All"])
    assert "Policy" not in response["Attributes"], logical_id
    statements = TEMPLATE["Resources"]["SubmissionQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert [statement["Effect"] for statement in statements] == ["Deny"]


@pytest.mark.parametrize(("logical_id", "name"), [queue for queue in QUEUES if "Submission" not in queue[0]])
async def test_only_the_pipelines_own_rule_may_send_to_a_queue(stack: Stack, logical_id: str, name: str) -> None:
    """No other rule, service or account may. The test reads the policy, because the emulators don't enforce it."""
    async with aioboto3.Session().client("sqs", endpoint_url=stack.endpoint_url) as client:
        response = await client.get_queue_attributes(QueueUrl=getattr(stack, name), AttributeNames=["All"])
    statements = json.loads(response["Attributes"]["Policy"])["Statement"]
    allowed = [statement for statement in statements if statement["Effect"] == "Allow"]
    rule = logical_id.replace("DeadLetter", "").replace("Queue", "Rule")
    assert [statement["Principal"] for statement in allowed] == [{"Service": "events.amazonaws.com"}]
    assert [statement["Action"] for statement in allowed] == ["sqs:SendMessage"]
    senders = allowed[0]["Condition"]["ArnEquals"]["aws:SourceArn"]
    senders = [senders] if isinstance(senders, str) else senders
    assert len(senders) == 1
    assert f"-{rule}-" in senders[0]
    assert response["Attributes"]["QueueArn"] in allowed[0]["Resource"]


@pytest.mark.parametrize(("logical_id", "name"), BUCKETS)
async def test_a_bucket_is_private_encrypted_and_has_a_lifecycle(stack: Stack, logical_id: str, name: str) -> None:
    """Public access, ownership, encryption and lifecycle, as S3 returns them."""
    properties, bucket = _properties(logical_id), getattr(stack, name)
    async with aioboto3.Session().client("s3", endpoint_url=stack.endpoint_url) as client:
        public = await client.get_public_access_block(Bucket=bucket)
        ownership = await client.get_bucket_ownership_controls(Bucket=bucket)
        encryption = (await client.get_bucket_encryption(Bucket=bucket))["ServerSideEncryptionConfiguration"]["Rules"]
        lifecycle = (await client.get_bucket_lifecycle_configuration(Bucket=bucket))["Rules"]
    assert public["PublicAccessBlockConfiguration"] == properties["PublicAccessBlockConfiguration"]
    assert ownership["OwnershipControls"] == properties["OwnershipControls"]
    assert [rule["ApplyServerSideEncryptionByDefault"] for rule in encryption] == [
        rule["ServerSideEncryptionByDefault"]
        for rule in properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    ]
    assert [(rule["ID"], rule["AbortIncompleteMultipartUpload"]) for rule in lifecycle] == [
        (rule["Id"], rule["AbortIncompleteMultipartUpload"])
        for rule in properties["LifecycleConfiguration"]["Rules"]
        if "Fn::If" not in rule  # uploads and outputs expire only if a parameter says so
    ]


async def test_a_page_may_upload_and_read_the_etag(stack: Stack) -> None:
    """The browser's preflight is allowed, and a script can read the header that a multipart upload needs."""
    origin = {"Origin": "http://localhost:5173"}
    url = f"{stack.endpoint_url}/{stack.input_bucket}/{stack.upload_prefix}preflight.mp4"
    async with httpx.AsyncClient(headers=origin) as browser:
        preflight = await browser.options(
            url,
            headers={
                "Access-Control-Request-Method": "PUT",
                "Access-Control-Request-Headers": "content-type,if-none-match",
            },
        )
        response = await browser.get(url)
    assert preflight.status_code == 200
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    exposed = response.headers["access-control-expose-headers"]
    assert exposed == "*" or "etag" in exposed.lower()


@pytest.mark.localstack_cannot("it takes requests without a signature, as an account without policies would not")
async def test_an_upload_needs_a_signature(stack: Stack) -> None:
    """Also a page on an allowed origin needs a signed URL."""
    url = f"{stack.endpoint_url}/{stack.input_bucket}/{stack.upload_prefix}unsigned.mp4"
    async with httpx.AsyncClient() as client:
        assert (await client.put(url, content=b"unsigned")).status_code == 403
