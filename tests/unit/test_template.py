"""What provisioning reads in a CloudFormation template."""

import pytest

from local import cloudformation_template as templates

_TABLE = """
Resources:
  Rows:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: !Ref RowsName
      TimeToLiveSpecification: { AttributeName: ExpirationTime, Enabled: true }
      SSESpecification: { SSEEnabled: true }
"""

_BUCKET = """
Resources:
  Files:
    Type: AWS::S3::Bucket
    Properties:
      LifecycleConfiguration:
        Rules: [{ Id: tidy, Status: Enabled, %s }]
"""


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref Name", {"Ref": "Name"}),
        ("!GetAtt Queue.Arn", {"Fn::GetAtt": ["Queue", "Arn"]}),
        ('!Sub "${Name}/*"', {"Fn::Sub": "${Name}/*"}),
        ("!If [Named, !Ref Name, none]", {"Fn::If": ["Named", {"Ref": "Name"}, "none"]}),
    ],
)
def test_short_tags_are_read_as_their_long_forms(short: str, long: object) -> None:
    """Both ways to write a function are one value to a reader."""
    assert templates.parse(f"Value: {short}") == {"Value": long}


@pytest.mark.parametrize(
    ("output", "setting"),
    [
        ("InputBucket", "INPUT_BUCKET"),
        ("UploadsQueueUrl", "UPLOADS_QUEUE_URL"),
        ("JobEventsDeadLetterQueueUrl", "JOB_EVENTS_DEAD_LETTER_QUEUE_URL"),
    ],
)
def test_an_output_is_a_setting_by_its_name(output: str, setting: str) -> None:
    """No list maps one to the other, so none can be forgotten."""
    assert templates.environment_name(output) == setting


def test_a_table_has_the_settings_of_its_template_and_no_others() -> None:
    """What the template leaves out is not asked for."""
    assert templates.tables(templates.parse(_TABLE)) == [
        templates.TableSettings(
            logical_id="Rows", ttl_attribute="ExpirationTime", is_recoverable=False, is_encrypted_by_kms=True
        )
    ]


def test_a_lifecycle_rule_is_translated_to_the_api_of_s3() -> None:
    """CloudFormation and S3 spell the same rule differently."""
    template = templates.parse(_BUCKET % "AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 }, Prefix: a/")
    assert templates.buckets(template)[0].lifecycle_rules == (
        {
            "ID": "tidy",
            "Status": "Enabled",
            "Filter": {"Prefix": "a/"},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
        },
    )


def test_a_lifecycle_rule_that_cannot_be_translated_is_refused() -> None:
    """A part of a rule that is silently lost would be a lie about what is deployed."""
    with pytest.raises(ValueError, match="ExpirationDate of lifecycle rule tidy"):
        templates.buckets(templates.parse(_BUCKET % "ExpirationDate: 2030-01-01"))
