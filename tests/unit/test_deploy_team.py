"""Tags, firewall, budget, rollback and the protection of data, in the deployer's rules and in the templates."""

from typing import Any

import pytest

from deploy.deployment_state import INFRA
from deploy.firewall import firewall_stack, is_firewall_wanted
from deploy.releases import UNPUBLISHED
from deploy.stacks import PROTECTED, ROLES
from deploy.stored_data import StoredData
from deploy.tags import TagError, demand_tags_changeable, merged_tags, read_tags
from local.cloudformation_template import parse


def template(role: str) -> dict[str, Any]:
    """Return a template."""
    return dict(parse((INFRA / f"{role}.yaml").read_text(encoding="utf-8")))


def resources(role: str) -> dict[str, Any]:
    """Return the resources of a template."""
    return dict(template(role)["Resources"])


@pytest.mark.parametrize("wrong", ["team", "=video", "aws:team=video", "team=<b>", "k" * 129 + "=v"])
def test_a_malformed_tag_is_refused(wrong: str) -> None:
    """AWS would refuse it after the first stacks are changed."""
    with pytest.raises(TagError, match="TAGS: "):
        read_tags([wrong])


def test_a_tag_given_twice_is_refused() -> None:
    """One of the values would be lost silently."""
    with pytest.raises(TagError, match="team is given twice"):
        read_tags(["team=a", "team=b"])


def test_tags_stay_until_they_are_changed_or_removed() -> None:
    """A later run needs only the tags that change."""
    assert merged_tags({"team": "a", "env": "prod"}, {}) == {"team": "a", "env": "prod"}
    assert merged_tags({"team": "a", "env": "prod"}, {"team": "b", "env": ""}) == {"team": "b"}


def test_too_many_tags_are_refused() -> None:
    """CloudFormation's limit is 50 for a stack."""
    with pytest.raises(TagError, match="41 tags"):
        merged_tags({}, {f"k{number}": "v" for number in range(41)})


def test_tags_do_not_change_while_a_vpc_origin_is_in_use() -> None:
    """CloudFront would refuse to tag it, after other stacks are changed."""
    demand_tags_changeable({"a": "1"}, {"a": "1"}, vpc_origin_in_use="vo_1")
    demand_tags_changeable({"a": "1"}, {"a": "2"}, vpc_origin_in_use="")
    with pytest.raises(TagError, match=r"the VPC origin vo_1.+1\. .+2\. "):
        demand_tags_changeable({"a": "1"}, {"a": "2"}, vpc_origin_in_use="vo_1")


@pytest.mark.parametrize("service", ["Service", "Worker"])
def test_a_task_has_the_tags_of_its_service(service: str) -> None:
    """CloudFormation tags the service, and ECS the tasks."""
    properties = resources("fargate")[service]["Properties"]
    assert (properties["PropagateTags"], properties["EnableECSManagedTags"]) == ("SERVICE", True)


def test_a_scheduled_task_has_the_tags_of_its_definition() -> None:
    """A role that gives tags to a new task needs the permission."""
    parameters = resources("fargate")["Reconcile"]["Properties"]["Target"]["EcsParameters"]
    assert (parameters["PropagateTags"], parameters["EnableECSManagedTags"]) == ("TASK_DEFINITION", True)
    (policy,) = resources("fargate")["ReconcileRole"]["Properties"]["Policies"]
    assert "ecs:TagResource" in [each["Action"] for each in policy["PolicyDocument"]["Statement"]]


@pytest.mark.parametrize(
    ("choice", "is_access_open", "has_other_web_acl", "exists", "expected"),
    [
        ("auto", True, False, False, True),
        ("auto", False, False, False, False),
        ("auto", False, False, True, True),
        ("auto", True, True, False, False),
        ("on", False, False, False, True),
        ("on", False, True, False, False),
        ("off", True, False, True, False),
    ],
)
def test_an_open_api_gets_a_firewall_unless_it_is_switched_off(
    choice: str, *, is_access_open: bool, has_other_web_acl: bool, exists: bool, expected: bool
) -> None:
    """A web ACL of the operator's own takes its place, and an existing firewall stays."""
    wanted = is_firewall_wanted(
        choice, is_access_open=is_access_open, has_other_web_acl=has_other_web_acl, exists=exists
    )
    assert wanted is expected


def test_deployments_of_two_regions_have_firewalls_of_their_own() -> None:
    """Both are in us-east-1, so their stacks need different names."""
    assert firewall_stack("videos", "eu-west-1").name != firewall_stack("videos", "ap-northeast-1").name


def test_the_firewall_limits_the_requests_of_each_address() -> None:
    """Everything below the limit is allowed."""
    properties = resources("firewall")["WebAcl"]["Properties"]
    (rule,) = properties["Rules"]
    limit = rule["Statement"]["RateBasedStatement"]
    assert (properties["Scope"], properties["DefaultAction"], rule["Action"]) == (
        "CLOUDFRONT",
        {"Allow": {}},
        {"Block": {}},
    )
    assert (limit["AggregateKeyType"], limit["EvaluationWindowSec"]) == ("IP", 300)


def test_cloudfront_uses_the_firewall_unless_it_is_switched_off() -> None:
    """The output of firewall.yaml is the parameter of edge.yaml."""
    assert "WebAclArn" in template("firewall")["Outputs"]
    assert template("edge")["Conditions"]["HasWebAcl"] == {
        "Fn::And": [
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebAclArn"}, ""]}]},
            {"Fn::Not": [{"Fn::Equals": [{"Ref": "Firewall"}, "off"]}]},
        ]
    }


def test_a_budget_needs_an_address() -> None:
    """It notifies before and after the amount is spent; its name is unique in the account."""
    budget = resources("alarms")["Budget"]
    notifications = [
        (each["Notification"]["NotificationType"], each["Notification"]["Threshold"])
        for each in budget["Properties"]["NotificationsWithSubscribers"]
    ]
    assert notifications == [("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert "AlarmEmail" in str(template("alarms")["Conditions"][budget["Condition"]])
    assert "${AWS::Region}" in budget["Properties"]["Budget"]["BudgetName"]["Fn::Sub"]


def test_exactly_the_stacks_with_data_are_protected() -> None:
    """Everything else can be created again from the checkout."""
    with_data = {
        role
        for role in ROLES
        for each in resources(role).values()
        if str(each.get("DeletionPolicy", "")).startswith("Retain")
    }
    assert with_data == PROTECTED


def test_a_bucket_of_unknown_size_is_described_by_a_lower_bound() -> None:
    """A listing ends after a hundred pages."""
    stored = StoredData(name="b", count=100_000, size_bytes=2_500_000_000, noun="objects", qualifier="at least ")
    assert str(stored).split(maxsplit=1)[1] == "at least 100,000 objects, 2.5 GB"


FUNCTIONS = ("Service", "Worker", "Reconcile")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_release_publishes_a_version_and_keeps_the_previous_ones(name: str) -> None:
    """Lambda publishes no version of an unchanged function, so the function's description changes with the release."""
    version = resources("lambda")[f"{name}Version"]
    assert version["UpdateReplacePolicy"] == "Retain"
    assert version["Properties"] == {"FunctionName": {"Ref": name}, "Description": {"Ref": "Release"}}
    assert "${Release}" in resources("lambda")[name]["Properties"]["Description"]["Fn::Sub"]
    assert resources("lambda")[f"{name}Live"]["Properties"] == {
        "Name": "live",
        "FunctionName": {"Ref": name},
        "FunctionVersion": {"Fn::If": ["IsPublished", {"Fn::GetAtt": [f"{name}Version", "Version"]}, UNPUBLISHED]},
    }
    assert version["Condition"] == "IsPublished"


def test_every_caller_of_a_function_calls_its_alias() -> None:
    """A rollback moves the alias, and nothing else."""
    properties = {name: each["Properties"] for name, each in resources("lambda").items()}
    assert properties["ApiIntegration"]["IntegrationUri"] == {"Ref": "ServiceLive"}
    assert properties["ApiMayInvoke"]["FunctionName"] == {"Ref": "ServiceLive"}
    for source in ("UploadsSource", "JobEventsSource"):
        assert properties[source]["FunctionName"] == {"Ref": "WorkerLive"}
    assert properties["ReconcileSchedule"]["Target"]["Arn"] == {"Ref": "ReconcileLive"}
    assert properties["ReconcileOnce"]["Qualifier"] == "live"
    (invoke,) = properties["ScheduleRole"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert invoke["Resource"] == {"Ref": "ReconcileLive"}


def test_the_api_gets_its_permission_before_it_uses_the_alias() -> None:
    """An update that changed both in parallel could refuse requests in between."""
    assert resources("lambda")["ApiIntegration"]["DependsOn"] == "ApiMayInvoke"


@pytest.mark.parametrize(("service", "alarm"), [("Service", "ServiceFailing"), ("Worker", "WorkerFailing")])
def test_ecs_rolls_back_by_an_alarm_and_by_tasks_that_do_not_start(service: str, alarm: str) -> None:
    """The alarm of a service without traffic stays quiet."""
    configuration = resources("fargate")[service]["Properties"]["DeploymentConfiguration"]
    assert configuration["Alarms"] == {"AlarmNames": [{"Ref": alarm}], "Enable": True, "Rollback": True}
    assert configuration["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert resources("fargate")[alarm]["Properties"]["TreatMissingData"] == "notBreaching"


def test_an_internet_facing_load_balancer_requires_the_origin_secret() -> None:
    """It can be reached without CloudFront; an internal one can't, and needs no secret."""
    conditions = template("fargate")["Conditions"]
    assert conditions["IsOnTheInternet"] == {"Fn::Equals": [{"Ref": "LoadBalancerScheme"}, "internet-facing"]}
    assert resources("fargate")["OriginSecret"]["Condition"] == "IsOnTheInternet"
    (container,) = resources("fargate")["ServiceTask"]["Properties"]["ContainerDefinitions"]
    (secret,) = [each["Value"] for each in container["Environment"] if each["Name"] == "ORIGIN_SECRET"]
    assert secret["Fn::If"][:2] == [
        "IsOriginSecretRequired",
        {"Fn::Sub": "{{resolve:secretsmanager:${OriginSecret}:SecretString}}"},
    ]
    assert template("fargate")["Outputs"]["OriginSecretArn"]["Value"]["Fn::If"][1] == {"Ref": "OriginSecret"}
