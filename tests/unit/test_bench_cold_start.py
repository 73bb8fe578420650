"""The measured cold starts have the functions' own variables."""

import pytest

from bench.rows.cold_start import OUR_VARIABLES
from tests.unit.template_resources import resources


@pytest.mark.parametrize("function", ["Service", "Worker", "Reconcile"])
def test_a_function_has_the_variables_of_the_measurement(function: str) -> None:
    """Otherwise `make bench` would measure another start than that of a deployment."""
    variables = resources("lambda.yaml")[function]["Properties"]["Environment"]["Variables"]
    assert variables.items() >= OUR_VARIABLES.items()
