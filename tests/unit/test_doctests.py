"""The examples in docstrings are true."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import deploy
import service
import transcode
import worker

ENTRANCES = ("__main__", "lambda_handler", "lambda_reconcile")
"""Modules that start a process when they are imported."""
MODULES = sorted(
    module.name
    for package in (transcode, worker, service, deploy)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    if not module.name.endswith(ENTRANCES)
)


@pytest.mark.parametrize("name", MODULES)
def test_a_modules_examples_are_what_it_does(name: str) -> None:
    """Each is run, and prints what it says it prints."""
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples() -> None:
    """Were none found, the other test would hold nothing."""
    assert sum(doctest.testmod(import_module(name)).attempted for name in MODULES) >= 5
