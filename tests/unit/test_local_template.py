"""Local provisioning reads CloudFormation templates."""

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
def test_short_tags_are_parsed_as_their_long_forms(short: str, long: object) -> None:
    """A reader of the template handles only one form of each function."""
    assert templates.parse(f"Value: {short}") == {"Value": long}


@pytest.mark.parametrize(
    ("output", "setting"),
    [
        ("InputBucket", "INPUT_BUCKET"),
        ("UploadsQueueUrl", "UPLOADS_QUEUE_URL"),
        ("JobEventsDeadLetterQueueUrl", "JOB_EVENTS_DEAD_LETTER_QUEUE_URL"),
    ],
)
def test_an_outputs_name_determines_its_setting(output: str, setting: str) -> None:
    """A fixed rule replaces a list that could miss an output."""
    assert templates.environment_name(output) == setting


def test_a_table_has_only_the_settings_of_its_template() -> None:
    """A setting that the template omits stays off."""
    assert templates.tables(templates.parse(_TABLE)) == [
        templates.TableSettings(
            logical_id="Rows", ttl_attribute="ExpirationTime", is_recoverable=False, is_encrypted_by_kms=True
        )
    ]


def test_a_lifecycle_rule_is_translated_to_s3s_api() -> None:
    """CloudFormation and S3 name the fields of a rule differently."""
    template = templates.parse(_BUCKET % "AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 }, Prefix: a/")
    assert templates.buckets(template)[0].lifecycle_rules == (
        {
            "ID": "tidy",
            "Status": "Enabled",
            "Filter": {"Prefix": "a/"},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
        },
    )


def test_the_lifecycle_rule_of_an_optional_parameter_is_not_applied() -> None:
    """Nothing local sets InputExpirationDays or OutputExpirationDays."""
    optional = "!If [HasInputExpiration, { Id: expire-uploads, Status: Enabled }, !Ref AWS::NoValue]"
    template = templates.parse((_BUCKET % "Prefix: a/").replace("}]", f"}}, {optional}]"))
    assert [rule["ID"] for rule in templates.buckets(template)[0].lifecycle_rules] == ["tidy"]


def test_an_unsupported_lifecycle_rule_is_refused() -> None:
    """A rule that lost a part silently would not be the rule in the template."""
    with pytest.raises(ValueError, match="ExpirationDate of lifecycle rule tidy"):
        templates.buckets(templates.parse(_BUCKET % "ExpirationDate: 2030-01-01"))


def test_a_caller_that_changes_its_template_keeps_the_other_callers_copies() -> None:
    """The same text is parsed once, so each caller gets a copy."""
    mine = templates.parse(_TABLE)
    mine["Resources"]["Rows"]["DependsOn"] = []
    assert "DependsOn" not in templates.parse(_TABLE)["Resources"]["Rows"]
