"""Operations on job templates and presets."""

from mediaconvert_emulator.account_resources import NamedStore
from mediaconvert_emulator.errors import BadRequestException, ConflictException
from mediaconvert_emulator.job_settings_check import check_settings
from mediaconvert_emulator.json_types import JsonObject
from mediaconvert_emulator.operations.call import Call, Operation, list_named, name_of_arn
from mediaconvert_emulator.presets import SYSTEM_PREFIX
from mediaconvert_emulator.request_validation import check_types
from mediaconvert_emulator.rules import Kind
from mediaconvert_emulator.scheduler import now_ms
from mediaconvert_emulator.wire import preset_json


def _create_template(call: Call) -> JsonObject:
    return call.emulator.create_template(call.body)


def _get_template(call: Call) -> JsonObject:
    return {"jobTemplate": call.emulator.state.templates.get(_name(call, "jobTemplates"))}


def _list_templates(call: Call) -> JsonObject:
    return list_named(call, "jobTemplates", call.emulator.state.templates.items)


def _update_template(call: Call) -> JsonObject:
    return call.emulator.update_template(_name(call, "jobTemplates"), call.body)


def _delete_template(call: Call) -> JsonObject:
    return _delete(call, call.emulator.state.templates, "jobTemplates")


def _create_preset(call: Call) -> JsonObject:
    check_types("CreatePreset", call.body)
    name, presets = call.body["name"], call.emulator.state.presets
    if not name or "/" in name or name.startswith(SYSTEM_PREFIX):
        raise BadRequestException(f"/name: Should be a name without slashes that doesn't begin with {SYSTEM_PREFIX}")
    if name in presets.items:
        raise ConflictException(f"The preset {name!r} exists already")
    _check_preset("CreatePreset", call.body)
    presets.check_quota()
    preset = preset_json(call.body, call.emulator.account, created_ms=now_ms(), updated_ms=now_ms())
    presets.items[name] = preset
    call.emulator.set_tags(preset["arn"], call.body)
    return {"preset": preset}


def _check_preset(operation: str, body: JsonObject) -> None:
    settings = body.get("settings")
    if settings is None:
        return
    if not any(settings.get(name) for name in ("videoDescription", "audioDescriptions", "captionDescriptions")):
        raise BadRequestException(
            "Should match any schema defined in anyOf | videoDescription is a required property | audioDescriptions is "
            "a required property | captionDescriptions is a required property"
        )
    # The rules are about outputs of a group; a preset is the settings of one output.
    check_settings(operation, body, Kind.PRESET, settings={"outputGroups": [{"outputs": [settings]}]})


def _get_preset(call: Call) -> JsonObject:
    return {"preset": call.emulator.state.presets.get(_name(call, "presets"))}


def _list_presets(call: Call) -> JsonObject:
    return list_named(call, "presets", call.emulator.state.presets.items)


def _update_preset(call: Call) -> JsonObject:
    check_types("UpdatePreset", call.body)
    _check_preset("UpdatePreset", call.body)
    name, presets = _name(call, "presets"), call.emulator.state.presets
    old = presets.get(name)
    changed = old | {key: value for key, value in call.body.items() if value is not None} | {"name": name}
    account = call.emulator.account
    presets.items[name] = preset_json(changed, account, created_ms=old["createdAt"] * 1000, updated_ms=now_ms())
    return {"preset": presets.items[name]}


def _delete_preset(call: Call) -> JsonObject:
    return _delete(call, call.emulator.state.presets, "presets")


def _delete(call: Call, store: NamedStore, kind: str) -> JsonObject:
    name = _name(call, kind)
    item = store.get(name)
    del store.items[name]
    call.emulator.state.tags.pop(item["arn"], None)
    return {}


def _name(call: Call, kind: str) -> str:
    return name_of_arn(call.path["name"], kind)


OPERATIONS: dict[str, Operation] = {
    "CreateJobTemplate": _create_template,
    "GetJobTemplate": _get_template,
    "ListJobTemplates": _list_templates,
    "UpdateJobTemplate": _update_template,
    "DeleteJobTemplate": _delete_template,
    "CreatePreset": _create_preset,
    "GetPreset": _get_preset,
    "ListPresets": _list_presets,
    "UpdatePreset": _update_preset,
    "DeletePreset": _delete_preset,
}
