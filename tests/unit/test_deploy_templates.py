"""The templates, held together: what one imports another exports, and what one wants another gives."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import job_template
from deploy.stacks import TARGETS, Target, stacks
from local.cloudformation_template import parse
from worker.batch import HANDLED_WITHIN_S
from worker.settings import WorkerSettings

INFRA = Path(__file__).parents[2] / "infra"
PREFIX = "${StackPrefix}-"
FIXED = {"StackPrefix", "CodeKey", "ServiceImage", "WorkerImage"}
"""What deploying says by itself."""
MAX_BYTES = 51_200
"""What CloudFormation takes of a template without a detour over S3."""


def template(role: str) -> dict[str, Any]:
    """A template as a mapping."""
    return dict(parse((INFRA / f"{role}.yaml").read_text(encoding="utf-8")))


def values(node: object, key: str) -> Iterator[Any]:
    """Every value of that key, at any depth."""
    match node:
        case dict():
            for name, value in node.items():
                if name == key:
                    yield value
                yield from values(value, key)
        case list():
            for each in node:
                yield from values(each, key)


def imports(role: str) -> set[str]:
    """What a template imports, without the prefix."""
    return {each["Fn::Sub"].removeprefix(PREFIX) for each in values(template(role), "Fn::ImportValue")}


def exports(role: str) -> set[str]:
    """What a template exports, without the prefix."""
    outputs = template(role).get("Outputs", {}).values()
    names = [output["Export"]["Name"]["Fn::Sub"] for output in outputs if "Export" in output]
    return {re.sub(r"^\$\{(StackPrefix|AWS::StackName)\}-", "", name) for name in names}


@pytest.mark.parametrize("target", TARGETS)
def test_every_import_is_exported_by_an_earlier_stack(target: Target) -> None:
    """So the order in which they are made is one in which they can be made."""
    exported: set[str] = set()
    for stack in stacks("demo", target):
        assert imports(stack.role) <= exported, stack.role
        exported |= exports(stack.role)


@pytest.mark.parametrize("target", TARGETS)
def test_every_parameter_has_a_default_or_comes_from_an_earlier_stack(target: Target) -> None:
    """A newcomer has to name nothing."""
    given = set(FIXED)
    for stack in stacks("demo", target):
        parameters = template(stack.role).get("Parameters", {})
        wanted = {name for name, parameter in parameters.items() if "Default" not in parameter}
        assert wanted <= given, stack.role
        given |= set(template(stack.role).get("Outputs", {}))


@pytest.mark.parametrize("path", sorted(INFRA.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_template_is_small_enough_to_be_sent(path: Path) -> None:
    """Larger ones would have to be uploaded first."""
    assert path.stat().st_size <= MAX_BYTES


def test_mediaconvert_is_given_the_job_template_of_every_other_installation() -> None:
    """`make templates` has been run since it was last changed."""
    request = (INFRA / "job_template.json").read_text(encoding="utf-8")
    written = (INFRA / "mediaconvert.yaml").read_text(encoding="utf-8")
    properties = template("mediaconvert")["Resources"]["JobTemplate"]["Properties"]
    assert job_template.insert(written, request) == written
    assert properties["SettingsJson"] == json.loads(request)["Settings"]


def test_a_function_outlasts_what_the_worker_gives_up_by_itself() -> None:
    """A function that ends first takes its whole batch with it; a claim's lease must end before, too."""
    timeout = template("lambda")["Parameters"]["WorkerTimeoutS"]
    lease_s = WorkerSettings.model_fields["claim_lease_s"].default
    assert timeout["Default"] >= timeout["MinValue"] > HANDLED_WITHIN_S > lease_s


def test_mediaconverts_role_reads_the_input_and_writes_the_output_and_nothing_else() -> None:
    """With two names of buckets, no other statement could say less."""
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
    """Which exports a resource is named by, in their order."""
    return [each["Fn::Sub"].removeprefix(PREFIX) for each in values(resource, "Fn::ImportValue")]


def test_the_roles_on_lambda_have_only_what_lambda_needs_beside_the_policies() -> None:
    """Own logs, and polling the two queues; all else is in the permissions' stack, which is held to the code."""
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


def test_both_queues_report_what_failed_in_batches_of_ten() -> None:
    """Without the report one bad message would bring its whole batch back."""
    sources = [
        each["Properties"]
        for each in template("lambda")["Resources"].values()
        if each["Type"] == "AWS::Lambda::EventSourceMapping"
    ]
    assert [each["FunctionResponseTypes"] for each in sources] == [["ReportBatchItemFailures"]] * 2
    assert [each["BatchSize"] for each in sources] == [10, 10]
