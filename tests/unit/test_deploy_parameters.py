"""What the parameters of stacks are set to."""

import pytest

from deploy.parameters import Declared, Known, ParameterError, demand_known, fill, known, read, table_names
from deploy.stacks import Deployed

SOURCES = ["fixed", "given", "outputs", "previous", "suggested"]


@pytest.mark.parametrize("first", range(len(SOURCES)))
def test_what_is_nearer_to_the_caller_counts(first: int) -> None:
    """Each source is asked only where all before it say nothing."""
    known = Known(**{source: {"Size": source} for source in SOURCES[first:]})
    assert fill([Declared(name="Size", default="default")], known) == {"Size": SOURCES[first]}


def test_what_nobody_says_is_the_templates_default() -> None:
    """An empty default is one."""
    assert fill([Declared(name="Size", default="")], Known()) == {"Size": ""}


def test_what_has_no_value_is_named() -> None:
    """Before anything is changed."""
    with pytest.raises(ParameterError, match="no value for Bucket, Key"):
        fill([Declared(name="Bucket"), Declared(name="Size", default="1"), Declared(name="Key")], Known())


def test_a_stack_is_told_nothing_that_it_does_not_declare() -> None:
    """CloudFormation refuses a parameter that a template lacks."""
    assert fill([Declared(name="Size")], Known(given={"Size": "1", "Colour": "red"})) == {"Size": "1"}


@pytest.mark.parametrize("wrong", ["AuthIssuer", "=x", "Auth-Issuer=x"])
def test_what_is_no_assignment_is_refused(wrong: str) -> None:
    """The message shows what was given."""
    with pytest.raises(ParameterError, match="is not Name=value"):
        read([wrong])


def test_a_name_given_twice_is_refused() -> None:
    """One of the two would be lost in silence."""
    with pytest.raises(ParameterError, match="Size is given twice"):
        read(["Size=1", "Size=2"])


def test_a_name_that_no_template_knows_is_refused_with_the_nearest() -> None:
    """A misspelt AuthIssuer would leave the API open."""
    with pytest.raises(ParameterError, match=r"AuthIsuer; AuthIssuer\?"):
        demand_known({"AuthIsuer": "x"}, ["AuthIssuer", "AuthAudience"])


def test_a_second_deployment_has_tables_of_its_own() -> None:
    """Names of tables are one account's and region's; the usual ones are for the deployment of the usual name."""
    declared = [Declared(name=f"{each}Name", default=each) for each in ("InputFileTable", "OutputTable", "StatusTable")]
    assert table_names("staging", declared) == {
        "InputFileTableName": "staging-InputFileTable",
        "OutputTableName": "staging-OutputTable",
        "StatusTableName": "staging-StatusTable",
    }
    assert table_names("mediaconvert-status", declared) == {}


def test_what_another_stack_tells_fills_a_parameter_of_that_name() -> None:
    """Whatever it was before; what the caller gave counts more."""
    there = {
        "lambda": Deployed(status="", parameters={"PlaybackBaseUrl": "old"}, outputs={"PlaybackBaseUrl": "own"}),
        "edge": Deployed(status="", parameters={}, outputs={"PlaybackBaseUrl": "https://new"}),
    }
    declared = [Declared(name="PlaybackBaseUrl", default="")]
    found = known("lambda", there, left="fargate", given={}, fixed={}, suggested={})
    assert fill(declared, found) == {"PlaybackBaseUrl": "https://new"}


def test_what_the_target_that_is_left_told_stays_nowhere() -> None:
    """From Lambda to Fargate: the alarms no longer watch the HTTP API, and CloudFront leads to the load balancer."""
    there = {
        "lambda": Deployed(status="", parameters={}, outputs={"ApiId": "a1", "ApiOriginDomain": "a1.example"}),
        "fargate": Deployed(status="", parameters={}, outputs={"ApiOriginDomain": "lb.example"}),
        "alarms": Deployed(status="", parameters={"ApiId": "a1", "AlarmEmail": "ops@example.com"}, outputs={}),
        "edge": Deployed(status="", parameters={"ApiOriginDomain": "a1.example"}, outputs={}),
    }
    alarms = [Declared(name="ApiId", default=""), Declared(name="AlarmEmail", default="")]
    asked = {role: known(role, there, left="lambda", given={}, fixed={}, suggested={}) for role in ("alarms", "edge")}
    assert fill(alarms, asked["alarms"]) == {"ApiId": "", "AlarmEmail": "ops@example.com"}
    assert fill([Declared(name="ApiOriginDomain")], asked["edge"]) == {"ApiOriginDomain": "lb.example"}
