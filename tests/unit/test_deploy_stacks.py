"""Which stacks there are, in which order, and what becomes of one in each state."""

import pytest

from deploy.stacks import Step, UnknownStackError, addresses, every_stack, next_step, reasons, stacks


def test_every_stack_stands_on_earlier_ones() -> None:
    """The pipeline has the deployment's own name, by which the others import."""
    assert [each.name for each in stacks("demo", "fargate")] == [
        "demo",
        "demo-mediaconvert",
        "demo-permissions",
        "demo-artifacts",
        "demo-fargate",
        "demo-edge",
        "demo-alarms",
    ]


def test_a_destruction_finds_the_stacks_of_either_target() -> None:
    """Whoever destroys need not know what was deployed."""
    names = {each.name for target in ("lambda", "fargate") for each in stacks("demo", target)}
    assert {each.name for each in every_stack("demo")} == names


@pytest.mark.parametrize("needed", ["pipeline", "lambda", "nonsense"])
def test_what_nothing_works_without_can_not_be_left_out(needed: str) -> None:
    """Nor can what there is not."""
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
def test_each_state_has_its_next_step(status: str | None, step: Step) -> None:
    """CloudFormation refuses any other."""
    assert next_step(status) is step


def event(resource: str, reason: str, status: str = "CREATE_FAILED", kind: str = "AWS::SQS::Queue") -> dict[str, str]:
    """An event of a stack."""
    return {
        "LogicalResourceId": resource,
        "ResourceType": kind,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def test_the_first_cause_is_told_first_and_followers_not_at_all() -> None:
    """CloudFormation lists the newest first, and calls off whatever else was on its way."""
    newest_first = [
        event("demo", "The following resource(s) failed to create: [A, B].", kind="AWS::CloudFormation::Stack"),
        event("C", "Resource creation cancelled"),
        event("B", "second"),
        event("A", "first"),
        event("A", "Resource creation Initiated", status="CREATE_IN_PROGRESS"),
    ]
    assert reasons(newest_first) == ["A (AWS::SQS::Queue): first", "B (AWS::SQS::Queue): second"]


@pytest.mark.parametrize(
    ("outputs", "told"),
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
def test_the_edge_is_the_address_where_there_is_one(outputs: dict[str, dict[str, str]], told: dict[str, str]) -> None:
    """Page, API and playback share one name there."""
    assert addresses(outputs) == told


@pytest.mark.parametrize("name", ["my_stack", "1st", "", "a" * 57, "ends.with.dots"])
def test_a_name_that_some_resource_could_not_have_is_refused(name: str) -> None:
    """Before half of a deployment is there."""
    with pytest.raises(UnknownStackError, match="letters, digits and hyphens"):
        stacks(name, "lambda")
