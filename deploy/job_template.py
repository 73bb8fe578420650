"""Copies the MediaConvert job template from its only source, a JSON file, into the CloudFormation template.

`make templates` runs it as `python -m deploy.job_template`. JSON is valid YAML, so the settings are copied unchanged.
"""

import json
from pathlib import Path

INFRA = Path(__file__).resolve().parent.parent / "infra"
BEGIN = "      # BEGIN job_template.json\n"
END = "      # END job_template.json\n"
KEPT = ("Description", "Category", "StatusUpdateInterval")
"""Fields that are copied besides the settings. The name is not: CloudFormation generates it, because with a fixed name
two deployments in one account would conflict."""


def insert(template: str, request: str) -> str:
    """Return the CloudFormation template with the CreateJobTemplate request's fields between its two markers."""
    fields = json.loads(request)
    lines = [f"{name}: {json.dumps(fields[name])}" for name in KEPT if name in fields]
    settings = json.dumps(fields["Settings"], indent=2).replace("\n", "\n      ")
    before, rest = template.split(BEGIN)
    _, after = rest.split(END)
    written = "".join(f"      {line}\n" for line in [*lines, f"SettingsJson: {settings}"])
    return before + BEGIN + written + END + after


def main() -> None:
    """Update `infra/mediaconvert.yaml` from `infra/job_template.json`."""
    target = INFRA / "mediaconvert.yaml"
    request = (INFRA / "job_template.json").read_text(encoding="utf-8")
    target.write_text(insert(target.read_text(encoding="utf-8"), request), encoding="utf-8")


if __name__ == "__main__":
    main()
