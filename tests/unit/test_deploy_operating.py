"""An operator's commands get the worker's settings from the outputs of the deployment."""

from deploy.worker_settings import SETTINGS
from local import cloudformation_template as templates
from local.embedded_aws import ROOT
from worker.settings import WorkerSettings


def test_every_required_worker_setting_is_a_stack_output() -> None:
    """The mapping names existing outputs only, and includes every required setting of the worker."""
    for role, names in SETTINGS.items():
        template = templates.parse((ROOT / "infra" / f"{role}.yaml").read_text(encoding="utf-8"))
        assert set(names) <= set(template["Outputs"])
    exported = {setting.lower() for names in SETTINGS.values() for setting in names.values()}
    assert {name for name, field in WorkerSettings.model_fields.items() if field.is_required()} <= exported
    assert exported <= set(WorkerSettings.model_fields)
