"""An operator's commands get the worker's settings from the deployment itself."""

from deploy.worker_settings import SETTINGS
from local import cloudformation_template as templates
from local.embedded_aws import ROOT
from worker.settings import WorkerSettings


def test_every_setting_that_is_needed_is_an_output() -> None:
    """Of the stacks that have them; whatever the worker demands is among them."""
    for role, names in SETTINGS.items():
        template = templates.parse((ROOT / "infra" / f"{role}.yaml").read_text(encoding="utf-8"))
        assert set(names) <= set(template["Outputs"])
    given = {setting.lower() for names in SETTINGS.values() for setting in names.values()}
    assert {name for name, field in WorkerSettings.model_fields.items() if field.is_required()} <= given
    assert given <= set(WorkerSettings.model_fields)
