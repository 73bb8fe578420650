"""The templates fit together: each import is exported, and each parameter has a value."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy import job_template
from deploy.stacks import TARGETS, Target, stacks
from deploy.template_text import MAX_BYTES, compact
from local.cloudformation_template import parse
from worker.batch import EVENT_TIMEOUT_S
from worker.settings import WorkerSettings

INFRA = Path(__file__).parents[2] / "infra"
PREFIX = "${StackPrefix}-"
FIXED = {"StackPrefix", "CodeKey", "ServiceImage", "WorkerImage", "AvailabilityZones"}
"""Parameters that `python -m deploy` sets itself."""


def template(role: str) -> dict[str, Any]:
    """Return a template as a mapping."""
    return dict(parse((INFRA / f"{role}.yaml").read_text(encoding="utf-8")))


def values(node: object, key: str) -> Iterator[Any]:
    """Yield every value of a key, at any depth."""
    match node:
        case dict():
            for name, value in node.items():
                if name == key:
                    yield value
                yield from values(value, key)
        case list():
            for each in node:
                yield from values(each, key)
        case _:
            return


def imports(role: str) -> set[str]:
    """Return the names that a template imports, without the prefix."""
    return {each["Fn::Sub"].removeprefix(PREFIX) for each in values(template(role), "Fn::ImportValue")}


def exports(role: str) -> set[str]:
    """Return the names that a template exports, without the prefix."""
    outputs = template(role).get("Outputs", {}).values()
    names = [output["Export"]["Name"]["Fn::Sub"] for output in outputs if "Export" in output]
    return {re.sub(r"^\$\{(StackPrefix|AWS::StackName)\}-", "", name) for name in names}


@pytest.mark.parametrize("target", TARGETS)
def test_every_import_is_exported_by_an_earlier_stack(target: Target) -> None:
    """The stacks can therefore be created in their order."""
    exported: set[str] = set()
    for stack in stacks("demo", target):
        assert imports(stack.role) <= exported, stack.role
        exported |= exports(stack.role)


@pytest.mark.parametrize("target", TARGETS)
def test_every_parameter_has_a_default_or_comes_from_an_earlier_stack(target: Target) -> None:
    """A first deployment needs no parameters from the caller."""
    available = set(FIXED)
    for stack in stacks("demo", target):
        parameters = template(stack.role).get("Parameters", {})
        required = {name for name, parameter in parameters.items() if "Default" not in parameter}
        assert required <= available, stack.role
        available |= set(template(stack.role).get("Outputs", {}))


@pytest.mark.parametrize("path", sorted(INFRA.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_template_fits_into_a_request(path: Path) -> None:
    """The deployer sends it in a short form; a larger one would have to be in S3 first."""
    assert len(compact(path.read_text(encoding="utf-8")).encode()) <= MAX_BYTES


@pytest.mark.parametrize("path", sorted(INFRA.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_short_form_of_a_template_means_the_same(path: Path) -> None:
    """Only checkov's metadata may be missing."""
    text = path.read_text(encoding="utf-8")
    assert parse(compact(text)) == without_checks(parse(text))


def without_checks(parsed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template without the metadata for checkov, and without metadata that has nothing else."""
    resources = {}
    for name, resource in parsed.get("Resources", {}).items():
        metadata = {key: value for key, value in resource.get("Metadata", {}).items() if key != "checkov"}
        rest = {key: value for key, value in resource.items() if key != "Metadata"}
        resources[name] = {**rest, **({"Metadata": metadata} if metadata else {})}
    return {**parsed, **({"Resources": resources} if resources else {})}


def test_the_checks_of_a_resource_are_not_sent() -> None:
    """Its other metadata is; a resource without any other has no metadata."""
    text = (
        "Resources:\n  A:\n    Metadata:\n      checkov:\n        skip:\n          - id: X\n    Type: T\n"
        "  B:\n    Metadata:\n      checkov:\n        skip: []\n      own: 1\n"
    )
    assert compact(text) == "Resources: {A: {Type: T}, B: {Metadata: {own: 1}}}\n"


@pytest.mark.parametrize("role", ["lambda", "fargate"])
def test_every_environment_variable_is_a_text(role: str) -> None:
    """A variable's value is a string in AWS's schema. An emulator doesn't convert a number, and no process starts."""
    environments = [*_values(template(role)["Resources"], "Environment")]
    assert environments
    assert [each for each in environments if not _has_texts_only(each)] == []


def _values(node: Any, key: str) -> Iterator[Any]:  # noqa: ANN401 -- YAML
    """Yield each value of the key, at any depth."""
    children = node.items() if isinstance(node, dict) else enumerate(node if isinstance(node, list) else [])
    for name, child in children:
        if name == key:
            yield child
        yield from _values(child, key)


def _has_texts_only(node: Any) -> bool:  # noqa: ANN401 -- YAML
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else None
    return isinstance(node, str) if children is None else all(map(_has_texts_only, children))


def test_the_mediaconvert_stack_contains_the_shared_job_templates() -> None:
    """`make templates` copies infra/job_template*.json into the stack's template."""
    requests = job_template.sources()
    assert sorted(requests) == sorted(path.name for path in INFRA.glob("job_template*.json"))
    written = (INFRA / "mediaconvert.yaml").read_text(encoding="utf-8")
    assert job_template.insert(written, requests) == written
    resources = template("mediaconvert")["Resources"]
    for name, request in zip(
        ("JobTemplate", "DownloadJobTemplate", "AudioJobTemplate"), requests.values(), strict=True
    ):
        assert resources[name]["Properties"]["SettingsJson"] == json.loads(request)["Settings"]


def test_the_worker_functions_timeout_is_longer_than_the_workers_own() -> None:
    """A function that times out first fails its whole batch; a claim's lease must end earlier still."""
    timeout = template("lambda")["Parameters"]["WorkerTimeoutS"]
    lease_s = WorkerSettings.model_fields["claim_lease_s"].default
    assert timeout["Default"] >= timeout["MinValue"] > EVENT_TIMEOUT_S > lease_s


def test_mediaconverts_role_only_reads_the_input_and_writes_the_output() -> None:
    """The role's three statements name the two buckets and the upload prefix."""
    (policy,) = template("mediaconvert")["Resources"]["Role"]["Properties"]["Policies"]
    allowed = {
        (statement["Action"], statement["Resource"]["Fn::Sub"][0], *imported(statement["Resource"]))
        for statement in policy["PolicyDocument"]["Statement"]
    }
    objects, bucket = "arn:${AWS::Partition}:s3:::${Bucket}/${UploadPrefix}*", "arn:${AWS::Partition}:s3:::${Bucket}"
    assert allowed == {
        ("s3:GetObject", objects, "InputBucket", "UploadPrefix"),
        ("s3:ListBucket", bucket, "InputBucket"),
        ("s3:PutObject", objects, "OutputBucket", "UploadPrefix"),
    }


def imported(resource: dict[str, Any]) -> list[str]:
    """Return the names of the exports that a resource's ARN uses, in their order."""
    return [each["Fn::Sub"].removeprefix(PREFIX) for each in values(resource, "Fn::ImportValue")]


def test_the_lambda_roles_add_only_logging_polling_and_scheduling() -> None:
    """All other permissions are in the permissions stack, which another test compares with the code."""
    resources = template("lambda")["Resources"]
    own = {
        (role, action)
        for role in ("ServiceRole", "WorkerRole", "ScheduleRole")
        for actions in values(resources[role]["Properties"]["Policies"], "Action")
        for action in ([actions] if isinstance(actions, str) else actions)
    }
    logs = ("logs:CreateLogStream", "logs:PutLogEvents")
    assert own == {
        *(("ServiceRole", action) for action in logs),
        *(("WorkerRole", action) for action in logs),
        *(("WorkerRole", f"sqs:{action}") for action in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")),
        ("ScheduleRole", "lambda:InvokeFunction"),
    }
    assert "*" not in list(values(resources, "Resource"))


def test_the_event_sources_report_failed_messages_of_their_batches() -> None:
    """Without ReportBatchItemFailures, one failed message would return its whole batch to the queue."""
    sources = [
        each["Properties"]
        for each in template("lambda")["Resources"].values()
        if each["Type"] == "AWS::Lambda::EventSourceMapping"
    ]
    assert [each["FunctionResponseTypes"] for each in sources] == [["ReportBatchItemFailures"]] * 6
    assert [each["BatchSize"] for each in sources] == [10, 1, 10, 10, 10, 10]  # uploads become jobs one by one


@pytest.mark.parametrize(
    ("role", "name"),
    [
        *((target, name) for target in TARGETS for name in ("UploadsPerMinute", "UploadMaxBytes")),
        ("lambda", "RequestsPerSecond"),
        ("lambda", "RequestsBurst"),
        ("firewall", "FirewallRequestsPer5Minutes"),
        ("alarms", "MonthlyBudgetUsd"),
    ],
)
def test_a_limit_is_on_by_default(role: str, name: str) -> None:
    """0 means no limit, and must be a choice."""
    assert int(template(role)["Parameters"][name]["Default"]) > 0
