"""The checks before a deployment decide from facts, and each failure says what to do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from deploy.aws_account import advice
from deploy.lambda_concurrency import AccountConcurrency
from deploy.open_access import OpenAccessError, demand_open_confirmed
from deploy.preflight import quotas
from deploy.preflight.actions import OF_TYPE, needed_actions, simulated_principal, simulations
from deploy.preflight.checks import (
    all_checks,
    check_access,
    check_names,
    check_permissions,
    check_region,
    check_stacks,
    price,
)
from deploy.preflight.facts import Denied, Facts, Intent, TakenName
from deploy.preflight.findings import Finding, Unread, Verdict, fail, failures, note, ok, summary, table
from deploy.preflight.names import LOG_GROUPS, POLICY_SUFFIXES, wanted
from deploy.preflight.quotas import COUNTED, Quota, check_count, check_jobs, check_vcpus, find
from deploy.preflight.reader import sdk_regions
from deploy.stacks import ROLES, Target
from deploy.zones import Zone
from local.cloudformation_template import parse
from local.embedded_aws import ROOT

UNREAD = Unread(reason="AccessDenied")
LAMBDA = {
    "UploadsConcurrency": "5",
    "SubmissionConcurrency": "2",
    "JobEventsConcurrency": "10",
    "WorkerReservedConcurrency": "0",
    "ServiceReservedConcurrency": "0",
    "Webhook1Url": "",
    "Webhook2Url": "",
    "Webhook3Url": "",
}
FARGATE = {
    "ServiceCpu": "256",
    "ServiceMinTasks": "2",
    "ServiceMaxTasks": "10",
    "WorkerCpu": "256",
    "WorkerMinTasks": "1",
    "WorkerMaxTasks": "20",
    "VpcId": "",
}
TABLES = {"InputFileTableName": "a", "OutputTableName": "b", "StatusTableName": "c", "InputBucketName": ""}


def intent(target: Target = "lambda", *, region: str = "eu-west-1", without: Sequence[str] = ()) -> Intent:
    """Return a deployment called videos."""
    own = {"lambda": LAMBDA, "fargate": FARGATE}[target]
    return Intent(
        deployment="videos",
        target=target,
        account_id="123456789012",
        region=region,
        partition="aws",
        without=without,
        is_open_confirmed=True,
        parameters={"pipeline": TABLES, "mediaconvert": {}, target: own, "edge": {}, "alarms": {}},
        resource_types=["AWS::SQS::Queue", "AWS::S3::Bucket"],
    )


FACTS = Facts(
    caller_arn="arn:aws:iam::123456789012:user/ada",
    denied=[],
    mediaconvert_regions=["eu-west-1", "us-east-1"],
    known_mediaconvert_regions=["eu-west-1"],
    stack_statuses={},
    concurrency=AccountConcurrency(limit=1_000, unreserved=1_000),
    quotas={each: [] for each in quotas.SERVICES},
    usage={each.code: 0 for each in COUNTED},
    zones=[Zone(name="eu-west-1a", zone_id="euw1-az1"), Zone(name="eu-west-1b", zone_id="euw1-az2")],
    taken=[],
)


def resources(role: str) -> Mapping[str, Any]:
    """Return the resources of a template."""
    found: Mapping[str, Any] = parse((ROOT / "infra" / f"{role}.yaml").read_text(encoding="utf-8"))["Resources"]
    return found


def count(role: str, resource_type: str) -> int:
    """Return the number of resources of this type in a template."""
    return sum(each["Type"] == resource_type for each in resources(role).values())


@pytest.mark.parametrize("target", ["lambda", "fargate"])
def test_an_account_in_order_has_no_failure(target: Target) -> None:
    """The table shows each check, and the price."""
    found = all_checks(intent(target), FACTS)
    assert failures(found) == []
    assert {"credentials", "permissions", "Region", "stacks", "names", "price"} <= {each.check for each in found}


@pytest.mark.parametrize(
    ("issuer", "is_confirmed", "verdict"),
    [
        ("", False, Verdict.FAIL),
        ("", True, Verdict.NOTE),
        ("https://id.example", False, Verdict.OK),
        ("https://id.example", True, Verdict.OK),
    ],
)
@pytest.mark.parametrize("target", ["lambda", "fargate"])
def test_an_open_api_must_be_wanted(target: Target, issuer: str, verdict: Verdict, *, is_confirmed: bool) -> None:
    """The failure names both ways out; `make deploy` refuses the same, also without the checks."""
    wanted_intent = intent(target)
    own = {**wanted_intent.parameters[target], "AuthIssuer": issuer}
    parameters = {**wanted_intent.parameters, target: own}
    found = check_access(replace(wanted_intent, is_open_confirmed=is_confirmed, parameters=parameters))
    assert found.verdict is verdict
    if verdict is not Verdict.FAIL:
        demand_open_confirmed(issuer, is_confirmed=is_confirmed)
        return
    assert "OPEN=yes" in found.text
    assert "AuthIssuer=" in found.text
    with pytest.raises(OpenAccessError, match="OPEN=yes"):
        demand_open_confirmed(issuer, is_confirmed=is_confirmed)


@pytest.mark.parametrize("target", ["lambda", "fargate"])
def test_facts_that_can_not_be_read_fail_nothing(target: Target) -> None:
    """An account may refuse Service Quotas or IAM's simulator to its users, and can be deployed to all the same."""
    blind = replace(
        FACTS,
        denied=UNREAD,
        mediaconvert_regions=UNREAD,
        concurrency=UNREAD,
        quotas=dict.fromkeys(quotas.SERVICES, UNREAD),
        usage={each.code: UNREAD for each in COUNTED},
        zones=UNREAD,
        taken=UNREAD,
    )
    found = all_checks(intent(target), blind)
    assert failures(found) == []
    unchecked = [each for each in found if each.verdict is Verdict.UNCHECKED]
    assert len(unchecked) >= 6
    assert all(each.text == "could not be checked: AccessDenied" for each in unchecked)


@pytest.mark.parametrize(
    ("region", "listed", "known", "verdict"),
    [
        ("eu-west-1", ["eu-west-1"], [], Verdict.OK),
        ("eu-west-1", UNREAD, ["eu-west-1"], Verdict.OK),
        ("eu-west-1", [], ["eu-west-1"], Verdict.OK),
        ("eu-south-2", ["eu-west-1", "us-east-1"], ["eu-west-1"], Verdict.FAIL),
        ("eu-south-2", UNREAD, ["eu-west-1", "us-east-1"], Verdict.FAIL),
    ],
)
def test_a_region_without_mediaconvert_is_refused_with_a_near_one(
    region: str, listed: Sequence[str] | Unread, known: Sequence[str], verdict: Verdict
) -> None:
    """AWS's list decides; the SDK's list counts if the account can't read it."""
    facts = replace(FACTS, mediaconvert_regions=listed, known_mediaconvert_regions=known)
    finding = check_region(intent(region=region), facts)
    assert finding.verdict is verdict
    if verdict is Verdict.FAIL:
        assert finding.text == f"{region} has no MediaConvert: use REGION=eu-west-1"


def test_the_sdk_knows_the_regions_of_mediaconvert() -> None:
    """The list comes with botocore, without a network request."""
    assert {"us-east-1", "eu-west-1", "ap-northeast-1"} <= set(sdk_regions("aws"))


@pytest.mark.parametrize(
    ("status", "verdict", "words"),
    [
        ("UPDATE_ROLLBACK_FAILED", Verdict.FAIL, "continue-update-rollback --stack-name videos-edge"),
        ("UPDATE_FAILED", Verdict.FAIL, "continue-update-rollback"),
        ("ROLLBACK_COMPLETE", Verdict.NOTE, "creates it again"),
        ("UPDATE_IN_PROGRESS", Verdict.NOTE, "waits"),
        ("UPDATE_COMPLETE", Verdict.OK, "1 exist"),
        (None, Verdict.OK, "there is no videos yet"),
    ],
)
def test_a_stack_that_needs_care_is_named_with_the_next_step(status: str | None, verdict: Verdict, words: str) -> None:
    """Only a state that the command can't repair stops a deployment."""
    facts = replace(FACTS, stack_statuses={"videos-edge": status})
    (finding,) = check_stacks(intent(), facts)
    assert finding.verdict is verdict
    assert words in finding.text


def test_denied_actions_are_named() -> None:
    """The line is short enough to read, and says how many more there are."""
    denied = [Denied(action=f"s3:Action{number}", resource="*") for number in range(8)]
    finding = check_permissions(replace(FACTS, denied=denied))
    assert finding.verdict is Verdict.FAIL
    assert finding.text.startswith("allow s3:Action0, ")
    assert "s3:Action5 and 2 more" in finding.text


def test_a_taken_name_is_refused() -> None:
    """A table of an earlier, deleted deployment stays, because its deletion policy retains it."""
    finding = check_names(intent(), replace(FACTS, taken=[TakenName(kind="table", name="a")]))
    assert finding.verdict is Verdict.FAIL
    assert finding.text == "table a: exists and isn't part of videos; delete it, or use another STACK"


@pytest.mark.parametrize(
    ("used", "limit", "is_new", "verdict"),
    [
        (17, 20, True, Verdict.OK),
        (18, 20, True, Verdict.FAIL),
        (20, 20, False, Verdict.OK),
        (18, 30, True, Verdict.OK),
    ],
)
def test_a_quota_on_resources_counts_those_that_the_deployment_creates(
    used: int,
    limit: int,
    is_new: bool,  # noqa: FBT001 -- a parameter of the table
    verdict: Verdict,
) -> None:
    """An existing stack creates none."""
    (policies,) = [each for each in COUNTED if each.code == "L-7D134442"]
    finding = check_count(policies, [Quota(code=policies.code, name="x", value=limit)], used, is_new=is_new)
    assert finding.verdict is verdict
    assert ("request 40 in Service Quotas (cloudfront, code L-7D134442)" in finding.text) == (verdict is Verdict.FAIL)


def test_an_unreadable_quota_has_awss_default() -> None:
    """The line says so."""
    (policies,) = [each for each in COUNTED if each.code == "L-7D134442"]
    finding = check_count(policies, UNREAD, 18, is_new=True)
    assert finding.verdict is Verdict.FAIL
    assert finding.text.startswith("18 of 20 used (AWS's default, as the account's value can't be read)")


def test_a_quota_with_another_code_is_found_by_its_name() -> None:
    """A code is preferred."""
    named = Quota(code="L-NEW", name="Cache policies per AWS account", value=25)
    other = Quota(code="L-7D134442", name="renamed", value=30)
    assert find([named], "L-7D134442", "Cache policies") is named
    assert find([named, other], "L-7D134442", "Cache policies") is other
    assert find([], "L-7D134442", "Cache policies") is None


@pytest.mark.parametrize(("jobs", "verdict"), [(0, Verdict.FAIL), (20, Verdict.NOTE), (None, Verdict.UNCHECKED)])
def test_mediaconverts_quotas_are_shown(jobs: int | None, verdict: Verdict) -> None:
    """Request rates have no code that a public page states, so AWS's names are shown."""
    rate = Quota(code="L-RATE", name="Request rate for CreateJob", value=2)
    listed = [rate, *([Quota(code="L-89D4C825", name="Concurrent jobs", value=jobs)] if jobs is not None else [])]
    concurrent, rates = check_jobs(listed)
    assert concurrent.verdict is verdict
    assert rates == note("quota: MediaConvert request rates", "Request rate for CreateJob: 2 (L-RATE)")


@pytest.mark.parametrize(("value", "verdict"), [(0.5, Verdict.FAIL), (1, Verdict.NOTE), (2.5, Verdict.OK)])
def test_fargates_vcpus_must_suffice_for_old_and_new_tasks(value: float, verdict: Verdict) -> None:
    """Two tasks of a quarter vCPU are four during a deployment; ten need 2.5 vCPUs."""
    listed = [
        Quota(code=quotas.FARGATE_VCPUS[0], name="", value=value),
        Quota(code=quotas.SPOT_VCPUS[0], name="", value=100),
    ]
    service, worker = check_vcpus(FARGATE, listed)
    assert (service.verdict, worker.verdict) == (verdict, Verdict.OK)


def test_the_price_leaves_out_omitted_alarms() -> None:
    """Alarms are most of the price of an idle system on Lambda."""
    with_alarms, without = price(intent()).text, price(intent(without=["alarms"])).text
    assert float(with_alarms.split()[0]) > float(without.split()[0]) > 0


def test_the_counts_of_the_quotas_are_those_of_the_templates() -> None:
    """A new policy in a template must be counted."""
    types = {
        "L-7D134442": "AWS::CloudFront::CachePolicy",
        "L-C3659C43": "AWS::CloudFront::OriginRequestPolicy",
        "L-CF0D4FC5": "AWS::CloudFront::ResponseHeadersPolicy",
        "L-44E8E4BC": "AWS::MediaConvert::Queue",
        "L-FFA964F8": "AWS::MediaConvert::JobTemplate",
        "L-F678F1CE": "AWS::EC2::VPC",
    }
    assert {each.code: each.creates for each in COUNTED} == {
        each.code: count(each.role, types[each.code]) for each in COUNTED
    }


def test_every_type_of_resource_has_its_actions() -> None:
    """A new type in a template needs an entry, so that the simulation covers it."""
    used = {each["Type"] for role in ROLES for each in resources(role).values()}
    assert used <= set(OF_TYPE)


def test_the_checked_names_are_those_of_the_templates() -> None:
    """A name that a template gives to a policy or a log group must be checked."""
    policies = {
        each["Properties"][config]["Name"]["Fn::Sub"]
        for each in resources("edge").values()
        for config in ("CachePolicyConfig", "OriginRequestPolicyConfig", "ResponseHeadersPolicyConfig")
        if config in each["Properties"]
    }
    assert policies <= {f"${{StackPrefix}}-${{AWS::Region}}-{suffix}" for suffix in POLICY_SUFFIXES}
    for target in ("lambda", "fargate"):
        groups = {
            each["Properties"]["LogGroupName"]["Fn::Sub"]
            for each in resources(target).values()
            if each["Type"] == "AWS::Logs::LogGroup" and "LogGroupName" in each["Properties"]
        }
        assert groups == {each.replace("{}", "${StackPrefix}") for each in LOG_GROUPS[target]}


def test_only_names_of_new_stacks_are_checked() -> None:
    """An existing deployment has all its names already."""
    new = wanted(intent(), {})
    assert (new.tables, new.buckets) == (("a", "b", "c"), ())
    assert "/aws/lambda/videos-service" in new.log_groups
    assert "videos-eu-west-1-api" in new.policies
    existing = wanted(intent(), dict.fromkeys(["videos", "videos-lambda", "videos-edge"], "CREATE_COMPLETE"))
    assert (existing.tables, existing.log_groups, existing.policies) == ((), (), ())


def test_actions_are_simulated_for_a_resource_of_the_deployment() -> None:
    """A policy that is limited to the deployment's names allows nothing for any resource."""
    actions = needed_actions(["AWS::SQS::Queue", "AWS::IAM::ManagedPolicy", "AWS::CloudFront::Distribution"])
    wanted_simulations = simulations(
        actions, partition="aws", account="123456789012", region="eu-west-1", deployment="videos"
    )
    resource = {action: each.resource for each in wanted_simulations for action in each.actions}
    assert set(resource) == actions
    assert resource["sqs:CreateQueue"] == "arn:aws:sqs:eu-west-1:123456789012:videos-queue"
    assert resource["iam:CreatePolicy"] == "arn:aws:iam::123456789012:policy/videos-policy"
    assert resource["s3:PutObject"] == "arn:aws:s3:::videos-bucket/object"
    assert resource["cloudfront:CreateDistribution"] == "*"


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        ("arn:aws-cn:sts::123456789012:assumed-role/Admin/me@example.com", "Admin"),
        ("arn:aws:iam::123456789012:user/a/b", "arn:aws:iam::123456789012:user/a/b"),
        ("arn:aws:sts::123456789012:federated-user/me", None),
        ("arn:aws:iam::123456789012:root", None),
    ],
)
def test_the_policies_of_users_and_roles_are_simulated(arn: str, principal: str | None) -> None:
    """IAM's simulator knows no other principals."""
    assert simulated_principal(arn) == principal


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ClientError({"Error": {"Code": "ExpiredToken"}}, "GetCallerIdentity"), "have expired: sign in again"),
        (ClientError({"Error": {"Code": "InvalidClientTokenId"}}, "GetCallerIdentity"), "enable the region"),
        (EndpointConnectionError(endpoint_url="https://sts.eu-west-9.amazonaws.com"), "whether REGION is a region"),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "GetCallerIdentity"), "refuses your credentials"),
    ],
)
def test_refused_credentials_come_with_advice(error: ClientError | EndpointConnectionError, words: str) -> None:
    """Each reason has another remedy."""
    assert words in advice(error)


def test_the_table_wraps_long_texts_below_themselves() -> None:
    """A terminal of 130 columns shows every line as a whole."""
    long = Finding(check="b", verdict=Verdict.NOTE, text="word " * 40)
    lines = table([ok("check", "fine"), long])
    assert lines[0] == "check  ok         fine"
    assert all(len(line) <= 110 for line in lines)
    assert all(line.startswith(" " * 18) for line in lines[2:])


def test_the_summary_counts_each_verdict() -> None:
    """The last line says whether a deployment would fail."""
    assert summary([ok("a", ""), fail("b", ""), ok("c", "")]) == "2 ok, 1 FAIL: a deployment would fail"
    assert summary([ok("a", "")]) == "1 ok: nothing found that stops a deployment"
