"""Writes the MediaConvert job template into the CloudFormation template, so that there is one source of it: the JSON.

`python -m deploy.job_template`, as `make templates` runs it. JSON is YAML, so the settings stand there as they are.
"""

import json
from pathlib import Path

INFRA = Path(__file__).resolve().parent.parent / "infra"
BEGIN = "      # BEGIN job_template.json\n"
END = "      # END job_template.json\n"
KEPT = ("Description", "Category", "StatusUpdateInterval")
"""What the CloudFormation resource has beside the settings. The name is CloudFormation's to give: with one of our own,
two deployments in an account would be in each other's way."""


def insert(template: str, request: str) -> str:
    """Return the CloudFormation template with what the request of CreateJobTemplate says between its marks."""
    asked = json.loads(request)
    lines = [f"{name}: {json.dumps(asked[name])}" for name in KEPT if name in asked]
    settings = json.dumps(asked["Settings"], indent=2).replace("\n", "\n      ")
    before, rest = template.split(BEGIN)
    _, after = rest.split(END)
    written = "".join(f"      {line}\n" for line in [*lines, f"SettingsJson: {settings}"])
    return before + BEGIN + written + END + after


def main() -> None:
    """Write `infra/mediaconvert.yaml` anew from `infra/job_template.json`."""
    target = INFRA / "mediaconvert.yaml"
    request = (INFRA / "job_template.json").read_text(encoding="utf-8")
    target.write_text(insert(target.read_text(encoding="utf-8"), request), encoding="utf-8")


if __name__ == "__main__":
    main()
