"""The stacks of a deployment, their order, and the next step for each stack status."""

import pytest

from deploy.stacks import Step, UnknownStackError, addresses, every_stack, next_step, reasons, stacks


def test_stacks_are_listed_in_the_order_of_their_dependencies() -> None:
    """The pipeline stack has the deployment's own name, which the imports of the other stacks use as a prefix."""
    assert [each.name for each in stacks("demo", "fargate")] == [
        "demo",
        "demo-mediaconvert",
        "demo-permissions",
        "demo-artifacts",
        "demo-fargate",
        "demo-edge",
        "demo-alarms",
    ]


def test_a_destruction_includes_the_stacks_of_both_targets() -> None:
    """The operator need not know which target was deployed."""
    names = {each.name for target in ("lambda", "fargate") for each in stacks("demo", target)}
    assert {each.name for each in every_stack("demo")} == names


@pytest.mark.parametrize("needed", ["pipeline", "lambda", "nonsense"])
def test_a_required_or_unknown_stack_can_not_be_left_out(needed: str) -> None:
    """The error names the stack."""
    with pytest.raises(UnknownStackError, match=needed):
        stacks("demo", "lambda", without=["edge", needed])


@pytest.mark.parametrize(
    ("status", "step"),
    [
        (None, Step.CREATE),
        ("REVIEW_IN_PROGRESS", Step.CREATE),
        ("CREATE_COMPLETE", Step.UPDATE),
        ("UPDATE_ROLLBACK_COMPLETE", Step.UPDATE),
        ("CREATE_IN_PROGRESS", Step.WAIT),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", Step.WAIT),
        ("ROLLBACK_COMPLETE", Step.REMOVE),
        ("DELETE_FAILED", Step.REMOVE),
        ("UPDATE_ROLLBACK_FAILED", Step.GIVE_UP),
    ],
)
def test_each_stack_status_has_its_next_step(status: str | None, step: Step) -> None:
    """CloudFormation refuses any other step in that status."""
    assert next_step(status) is step


def event(resource: str, reason: str, status: str = "CREATE_FAILED", kind: str = "AWS::SQS::Queue") -> dict[str, str]:
    """Return a stack event."""
    return {
        "LogicalResourceId": resource,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_the_first_failure_comes_first_and_its_consequences_are_left_out() -> None:
    """CloudFormation lists the newest event first, and cancels the other resources after a failure."""
    newest_first = [
        event("demo", "The following resource(s) failed to create: [A, B].", kind="AWS::CloudFormation::Stack"),
        event("C", "Resource creation cancelled"),
        event("B", "second"),
        event("A", "first"),
        event("A", "Resource creation Initiated", status="CREATE_IN_PROGRESS"),
    ]
    assert reasons(newest_first) == ["A (AWS::SQS::Queue): first", "B (AWS::SQS::Queue): second"]


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"lambda": {"ApiUrl": "https://a"}}, {"API": "https://a"}),
        ({"fargate": {"ApiUrl": "http://b"}}, {"API": "http://b"}),
        (
            {"lambda": {"ApiUrl": "https://a"}, "edge": {"PlaybackBaseUrl": "https://e"}},
            {"page": "https://e", "API": "https://e", "documentation": "https://e/docs", "playback": "https://e"},
        ),
        (
            {"edge": {"PlaybackBaseUrl": "https://mine", "DistributionDomainName": "d1.cloudfront.net"}},
            {
                "page": "https://mine",
                "API": "https://mine",
                "documentation": "https://mine/docs",
                "playback": "https://mine",
                "DNS": "mine->d1.cloudfront.net",
            },
        ),
    ],
)
def test_all_addresses_are_the_edges_where_it_is_deployed(
    outputs: dict[str, dict[str, str]], expected: dict[str, str]
) -> None:
    """Page, API and playback share the host name of the edge."""
    assert addresses(outputs) == expected


@pytest.mark.parametrize("name", ["my_stack", "1st", "", "a" * 57, "ends.with.dots"])
def test_a_name_that_is_invalid_for_any_resource_is_refused(name: str) -> None:
    """The name is checked before any stack is created."""
    with pytest.raises(UnknownStackError, match="letters, digits and hyphens"):
        stacks(name, "lambda")
