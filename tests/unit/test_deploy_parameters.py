"""The values that stack parameters get."""

import pytest

from deploy.parameters import (
    EXPORTED,
    Declared,
    Known,
    ParameterError,
    demand_exports_unchanged,
    demand_known,
    fill,
    kept_settings,
    known,
    read,
    table_names,
)
from deploy.stacks import Deployed

PIPELINE = EXPORTED["pipeline"]
SOURCES = ["fixed", "given", "outputs", "previous", "suggested"]


@pytest.mark.parametrize("first", range(len(SOURCES)))
def test_the_first_source_with_a_value_wins(first: int) -> None:
    """The sources are read in a fixed order."""
    known = Known(**{source: {"Size": source} for source in SOURCES[first:]})
    assert fill([Declared(name="Size", default="default")], known) == {"Size": SOURCES[first]}


def test_a_parameter_without_a_value_takes_the_templates_default() -> None:
    """An empty default is a default too."""
    assert fill([Declared(name="Size", default="")], Known()) == {"Size": ""}


def test_parameters_without_any_value_are_named_in_the_error() -> None:
    """The error is raised before anything is changed."""
    with pytest.raises(ParameterError, match="no value for Bucket, Key"):
        fill([Declared(name="Bucket"), Declared(name="Size", default="1"), Declared(name="Key")], Known())


def test_a_stack_gets_only_parameters_that_it_declares() -> None:
    """CloudFormation refuses a parameter that the template doesn't declare."""
    assert fill([Declared(name="Size")], Known(given={"Size": "1", "Colour": "red"})) == {"Size": "1"}


@pytest.mark.parametrize("wrong", ["AuthIssuer", "=x", "Auth-Issuer=x"])
def test_a_malformed_assignment_is_refused(wrong: str) -> None:
    """The message shows the malformed text."""
    with pytest.raises(ParameterError, match="is not Name=value"):
        read([wrong])


def test_a_name_given_twice_is_refused() -> None:
    """Otherwise one of the two values would be lost silently."""
    with pytest.raises(ParameterError, match="Size is given twice"):
        read(["Size=1", "Size=2"])


def test_an_unknown_parameter_is_refused_with_the_closest_name() -> None:
    """A misspelt AuthIssuer would leave the API open."""
    with pytest.raises(ParameterError, match=r"AuthIsuer; AuthIssuer\?"):
        demand_known({"AuthIsuer": "x"}, ["AuthIssuer", "AuthAudience"])


def test_a_second_deployment_has_its_own_table_names() -> None:
    """Table names are unique per account and region, so only the default deployment uses the default names."""
    declared = [Declared(name=f"{each}Name", default=each) for each in ("InputFileTable", "OutputTable", "StatusTable")]
    assert table_names("staging", declared) == {
        "InputFileTableName": "staging-InputFileTable",
        "OutputTableName": "staging-OutputTable",
        "StatusTableName": "staging-StatusTable",
    }
    assert table_names("mediaconvert-status", declared) == {}


def test_another_stacks_output_sets_the_parameter_of_the_same_name() -> None:
    """The output replaces the parameter's previous value; a value from the caller wins over both."""
    deployed = {
        "lambda": Deployed(status="", parameters={"PlaybackBaseUrl": "old"}, outputs={"PlaybackBaseUrl": "own"}),
        "edge": Deployed(status="", parameters={}, outputs={"PlaybackBaseUrl": "https://new"}),
    }
    declared = [Declared(name="PlaybackBaseUrl", default="")]
    known_values = known("lambda", deployed, left="fargate", given={}, fixed={}, suggested={})
    assert fill(declared, known_values) == {"PlaybackBaseUrl": "https://new"}


def test_outputs_of_the_previous_target_are_removed_everywhere() -> None:
    """After a move from Lambda to Fargate, the alarms ignore the HTTP API and CloudFront uses the load balancer."""
    deployed = {
        "lambda": Deployed(status="", parameters={}, outputs={"ApiId": "a1", "ApiOriginDomain": "a1.example"}),
        "fargate": Deployed(status="", parameters={}, outputs={"ApiOriginDomain": "lb.example"}),
        "alarms": Deployed(status="", parameters={"ApiId": "a1", "AlarmEmail": "ops@example.com"}, outputs={}),
        "edge": Deployed(status="", parameters={"ApiOriginDomain": "a1.example"}, outputs={}),
    }
    alarms = [Declared(name="ApiId", default=""), Declared(name="AlarmEmail", default="")]
    known_values = {
        role: known(role, deployed, left="lambda", given={}, fixed={}, suggested={}) for role in ("alarms", "edge")
    }
    assert fill(alarms, known_values["alarms"]) == {"ApiId": "", "AlarmEmail": "ops@example.com"}
    assert fill([Declared(name="ApiOriginDomain")], known_values["edge"]) == {"ApiOriginDomain": "lb.example"}


def deployed(**parameters: str) -> Deployed:
    """Return a stack with these parameters."""
    return Deployed(status="", parameters=parameters, outputs={})


def test_a_value_that_other_stacks_import_can_not_change() -> None:
    """CloudFormation would fail in the middle of the update; the message names the parameter and both values."""
    existing = {"pipeline": deployed(UploadPrefix="uploads/"), "permissions": deployed()}
    with pytest.raises(ParameterError, match=r"UploadPrefix can't change from 'uploads/' to 'in/'.+another STACK"):
        demand_exports_unchanged("pipeline", {**dict.fromkeys(PIPELINE, ""), "UploadPrefix": "in/"}, existing)


@pytest.mark.parametrize(
    ("parameters", "existing"),
    [
        ({"UploadPrefix": "in/"}, {}),
        ({"UploadPrefix": "in/"}, {"pipeline": deployed(UploadPrefix="uploads/")}),
        ({"UploadPrefix": "in/"}, {"pipeline": deployed(UploadPrefix="uploads/"), "artifacts": deployed()}),
        ({"UploadPrefix": "in/"}, {"pipeline": deployed(UploadPrefix="in/"), "lambda": deployed()}),
        ({"MaxReceiveCount": "9"}, {"pipeline": deployed(MaxReceiveCount="5"), "lambda": deployed()}),
    ],
)
def test_a_value_that_no_stack_imports_may_change(parameters: dict[str, str], existing: dict[str, Deployed]) -> None:
    """A first deployment that failed after the pipeline can be corrected."""
    demand_exports_unchanged("pipeline", {**dict.fromkeys(PIPELINE, ""), **parameters}, existing)


def test_a_change_of_the_target_keeps_the_settings() -> None:
    """Without AuthIssuer, the API of the new target would be open; sizes mean something else there."""
    existing = {"lambda": deployed(AuthIssuer="https://id", ServiceMemoryMb="1536", CodeKey="a.zip")}
    assert kept_settings("fargate", existing, left="lambda") == {"AuthIssuer": "https://id"}
    assert kept_settings("lambda", existing, left="fargate") == {}
