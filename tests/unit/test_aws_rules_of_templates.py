"""The templates follow rules of AWS that no emulator and no linter enforces. docs/aws-rules.md lists the rules."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from deploy.lambda_concurrency import low_reservation
from deploy.parameters import EXPORTED
from local.cloudformation_template import parse
from local.cloudformation_values import Values

INFRA = Path(__file__).parents[2] / "infra"
TEMPLATES = {path.stem: dict(parse(path.read_text(encoding="utf-8"))) for path in sorted(INFRA.glob("*.yaml"))}
LARGEST_PLAIN_NUMBER = 9_999_999
"""Larger numbers become text in scientific notation where CloudFormation reads them as numbers: 1.0E7."""


def resources(role: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a type in a template."""
    return {name: each for name, each in TEMPLATES[role]["Resources"].items() if each["Type"] == kind}


def numbers(node: object) -> Iterator[float]:
    """Yield every unquoted number, at any depth."""
    match node:
        case bool():
            return
        case int() | float():
            yield node
        case dict():
            for each in node.values():
                yield from numbers(each)
        case list():
            for each in node:
                yield from numbers(each)
        case _:
            return


def references(node: object) -> set[str]:
    """Return the names in every Ref, at any depth."""
    match node:
        case {"Ref": str(name)}:
            return {name}
        case dict():
            return {name for each in node.values() for name in references(each)}
        case list():
            return {name for each in node for name in references(each)}
        case _:
            return set()


def attributes(node: object) -> set[str]:
    """Return the names of the resources in every Fn::GetAtt, at any depth."""
    match node:
        case {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case dict():
            return {name for each in node.values() for name in attributes(each)}
        case list():
            return {name for each in node for name in attributes(each)}
        case _:
            return set()


def conditions_of(node: object) -> set[str]:
    """Return the names of the conditions in every Fn::If, at any depth."""
    match node:
        case {"Fn::If": [str(name), *branches]}:
            return {name} | conditions_of(branches)
        case dict():
            return {name for each in node.values() for name in conditions_of(each)}
        case list():
            return {name for each in node for name in conditions_of(each)}
        case _:
            return set()


@pytest.mark.parametrize("role", TEMPLATES)
def test_large_numbers_of_parameters_are_quoted(role: str) -> None:
    """UPLOAD_MAX_BYTES would be 5.36870912E9, which the service refuses."""
    assert [each for each in numbers(TEMPLATES[role].get("Parameters", {})) if each > LARGEST_PLAIN_NUMBER] == []


def determining_parameters(role: str) -> set[str]:
    """Return the parameters that determine an export: directly, or through a create-only property of a resource."""
    # Imported here, because cfn-lint takes seconds to import, in each process that collects the tests.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]  # noqa: PLC0415

    template = TEMPLATES[role]
    outputs = [each["Value"] for each in template.get("Outputs", {}).values() if "Export" in each]
    named = {name for value in outputs for name in references(value) | attributes(value)}
    found = named & set(template.get("Parameters", {}))
    for name in named & set(template["Resources"]):
        resource = template["Resources"][name]
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource["Type"]).schema
        create_only = {path.split("/")[2] for path in schema.get("createOnlyProperties", [])}
        values = [value for key, value in resource.get("Properties", {}).items() if key in create_only]
        conditions = [template["Conditions"][each] for each in conditions_of(values)]
        found |= references([*values, *conditions]) & set(template["Parameters"])
    return found - {"StackPrefix"}


@pytest.mark.parametrize("role", TEMPLATES)
def test_the_deployer_knows_every_parameter_that_determines_an_export(role: str) -> None:
    """CloudFormation refuses to change an export that another stack imports, after it has changed other resources."""
    assert determining_parameters(role) == set(EXPORTED.get(role, ()))


def test_no_managed_policy_has_a_description() -> None:
    """The property is create-only, and the policy's ARN is an export that other stacks import."""
    policies = resources("permissions", "AWS::IAM::ManagedPolicy")
    assert policies
    assert [name for name, each in policies.items() if "Description" in each["Properties"]] == []


def test_the_http_api_has_no_metrics_for_each_route() -> None:
    """They cost as much as custom metrics, and the alarms use those of the whole API."""
    (stage,) = resources("lambda", "AWS::ApiGatewayV2::Stage").values()
    assert stage["Properties"]["DefaultRouteSettings"]["DetailedMetricsEnabled"] is False


def test_the_subnets_are_in_the_zones_that_the_deployer_selects() -> None:
    """The first two zones of a Region may be without Fargate or VPC origins."""
    subnets = resources("fargate", "AWS::EC2::Subnet")
    zones = [each["Properties"]["AvailabilityZone"] for each in subnets.values()]
    assert sorted(zone["Fn::Select"][0] for zone in zones) == [0, 0, 1, 1]
    assert [zone["Fn::Select"][1] for zone in zones] == [{"Ref": "AvailabilityZones"}] * 4
    assert "Default" not in TEMPLATES["fargate"]["Parameters"]["AvailabilityZones"]


@pytest.mark.parametrize("name", ["Service", "Worker", "Reconcile"])
def test_tasks_start_after_and_stop_before_the_routes_and_gateways(name: str) -> None:
    """Tasks without a route can't pull their image, and a gateway with public addresses behind it can't be detached."""
    fargate = TEMPLATES["fargate"]["Resources"]
    depends_on = fargate[name]["DependsOn"]
    assert "NetworkReady" in ([depends_on] if isinstance(depends_on, str) else depends_on)
    network = {
        logical_id
        for logical_id, each in fargate.items()
        if each["Type"] in {"AWS::EC2::Route", "AWS::EC2::VPCEndpoint"}
        or (each["Type"] == "AWS::EC2::SubnetRouteTableAssociation" and logical_id.startswith("Public"))
    }
    assert references(fargate["NetworkReady"]["Metadata"]) == network
    assert fargate["RouteToTheInternet"]["DependsOn"] == "InternetGatewayAttachment"


def test_no_resource_depends_on_a_conditional_one_by_name() -> None:
    """CloudFormation resolves Fn::If in Metadata, but none in DependsOn."""
    for role, each in TEMPLATES.items():
        for name, resource in each["Resources"].items():
            named = resource.get("DependsOn", [])
            for other in [named] if isinstance(named, str) else named:
                condition = each["Resources"][other].get("Condition")
                assert condition in {None, resource.get("Condition")}, (role, name, other)


def test_the_vpc_origin_has_its_tags_from_the_start() -> None:
    """CloudFront refuses every update of a VPC origin in use, even of tags."""
    (origin,) = resources("fargate", "AWS::CloudFront::VpcOrigin").values()
    assert origin["Properties"]["Tags"]


@pytest.mark.parametrize(("bucket", "kind"), [("InputBucket", "Input"), ("OutputBucket", "Output")])
def test_objects_expire_only_if_a_parameter_says_so(bucket: str, kind: str) -> None:
    """S3 refuses a rule with 0 days, so the rule itself is conditional."""
    pipeline = TEMPLATES["pipeline"]
    parameter, condition = f"{kind}ExpirationDays", f"Has{kind}Expiration"
    assert pipeline["Parameters"][parameter]["Default"] == 0
    assert pipeline["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, 0]}]}
    rules = pipeline["Resources"][bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
    (expiry,) = [each["Fn::If"] for each in rules if "Fn::If" in each]
    assert expiry[0] == condition
    assert expiry[1]["ExpirationInDays"] == {"Ref": parameter}
    assert expiry[1]["Prefix"] == {"Ref": "UploadPrefix"}
    assert expiry[2] == {"Ref": "AWS::NoValue"}


def test_an_account_with_few_executions_gets_small_event_sources_and_no_long_polls() -> None:
    """Maximum concurrency reserves nothing, so long polls could occupy every execution."""
    functions = TEMPLATES["lambda"]["Resources"]
    for source in ("Uploads", "Submission", "JobEvents"):
        parameter = f"{source}Concurrency"
        maximum = functions[f"{source}Source"]["Properties"]["ScalingConfig"]["MaximumConcurrency"]
        assert maximum == {"Fn::If": ["HasFewExecutions", 2, {"Ref": parameter}]}
    environment = functions["Service"]["Properties"]["Environment"]["Variables"]
    assert environment["MAX_WAIT_S"] == {"Fn::If": ["IsConcurrencyScarce", "0", {"Ref": "MaxWaitS"}]}
    reserved = functions["Worker"]["Properties"]["ReservedConcurrentExecutions"]["Fn::If"]
    assert reserved[0] == "IsConcurrencyLow"
    assert reserved[2]["Fn::If"][:2] == ["IsConcurrencyScarce", {"Ref": "AWS::NoValue"}]


@pytest.mark.parametrize("slots", [slots for count in range(4) for slots in combinations((1, 2, 3), count)])
def test_the_worker_reserves_at_a_low_limit_what_its_event_sources_use(slots: tuple[int, ...]) -> None:
    """Otherwise the attempts at a dead endpoint of webhooks could take the executions of the uploads."""
    urls = {f"Webhook{slot}Url": "https://a.example/" for slot in slots}
    values = Values(TEMPLATES["lambda"], {"Concurrency": "low", **urls})
    sources = [
        values.of(each["Properties"]["ScalingConfig"]["MaximumConcurrency"])
        for each in resources("lambda", "AWS::Lambda::EventSourceMapping").values()
        if "Condition" not in each or values.is_true(each["Condition"])
    ]
    reserved = values.of(TEMPLATES["lambda"]["Resources"]["Worker"]["Properties"]["ReservedConcurrentExecutions"])
    assert reserved == sum(sources) == low_reservation(len(slots))


def test_snapstart_is_off_and_refuses_a_python_that_has_none() -> None:
    """Only versions have snapshots, so callers and queues use the alias, which is tested with the releases."""
    template = TEMPLATES["lambda"]
    rule = template["Rules"]["SnapStartAndPython"]
    refused = [version for version in template["Parameters"]["PythonVersion"]["AllowedValues"] if version < "3.12"]
    assert template["Parameters"]["SnapStart"]["Default"] == "off"
    assert (
        rule["RuleCondition"] == template["Conditions"]["HasSnapStart"] == {"Fn::Equals": [{"Ref": "SnapStart"}, "on"]}
    )
    assert [each["Assert"] for each in rule["Assertions"]] == [
        {"Fn::Not": [{"Fn::Equals": [{"Ref": "PythonVersion"}, version]}]} for version in refused
    ]


def test_snapstart_is_for_the_functions_for_which_a_user_waits() -> None:
    """Reconciliation runs on a schedule, and each snapshot costs money."""
    functions = resources("lambda", "AWS::Lambda::Function")
    on = {"ApplyOn": {"Fn::If": ["HasSnapStart", "PublishedVersions", "None"]}}
    assert {name: each["Properties"].get("SnapStart") for name, each in functions.items()} == {
        "Service": on,
        "Worker": on,
        "Reconcile": None,
    }
    assert {each["Properties"].get("PackageType", "Zip") for each in functions.values()} == {"Zip"}
    assert not any({"EphemeralStorage", "FileSystemConfigs"} & set(each["Properties"]) for each in functions.values())
