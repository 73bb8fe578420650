"""The examples in docstrings are correct."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import deploy
import service
import transcode
import worker

ENTRY_POINTS = ("__main__", "lambda_handler", "lambda_reconcile")
"""Modules that start a process when they are imported."""
MODULES = sorted(
    module.name
    for package in (transcode, worker, service, deploy)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith(ENTRY_POINTS)
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_print_what_they_show(name: str) -> None:
    """The `doctest` module runs each example and compares its output."""
    assert doctest.testmod(import_module(name)).failed == 0


def test_doctest_finds_examples() -> None:
    """The other test would pass if doctest found no examples."""
    assert doctest.testmod(import_module("transcode.listing")).attempted >= 3
