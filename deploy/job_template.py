"""Copies the MediaConvert job templates from their only sources, JSON files, into the CloudFormation template.

`make templates` runs it as `python -m deploy.job_template`. JSON is valid YAML, so the settings are copied unchanged.
"""

import json
from collections.abc import Mapping
from pathlib import Path

INFRA = Path(__file__).resolve().parent.parent / "infra"
SOURCES = ("job_template.json", "job_template_hls_download.json", "job_template_audio.json")
BEGIN = "      # BEGIN {}\n"
END = "      # END {}\n"
KEPT = ("Description", "Category", "StatusUpdateInterval")
"""Fields that are copied besides the settings. The name is not: CloudFormation generates it, because with a fixed name
two deployments in one account would conflict."""


def insert(template: str, requests: Mapping[str, str]) -> str:
    """Return the CloudFormation template with the fields of the CreateJobTemplate requests.

    `requests` has the JSON of each request by its file's name; its fields go between the two markers with that name.
    """
    for name, request in requests.items():
        template = _insert(template, name, request)
    return template


def sources() -> dict[str, str]:
    """Return the requests of all job templates by their files' names."""
    return {name: (INFRA / name).read_text(encoding="utf-8") for name in SOURCES}


def main() -> None:
    """Update `infra/mediaconvert.yaml` from the job templates."""
    target = INFRA / "mediaconvert.yaml"
    target.write_text(insert(target.read_text(encoding="utf-8"), sources()), encoding="utf-8")


def _insert(template: str, name: str, request: str) -> str:
    fields = json.loads(request)
    lines = [f"{field}: {json.dumps(fields[field])}" for field in KEPT if field in fields]
    settings = json.dumps(fields["Settings"], indent=2).replace("\n", "\n      ")
    begin, end = BEGIN.format(name), END.format(name)
    before, rest = template.split(begin)
    _, after = rest.split(end)
    written = "".join(f"      {line}\n" for line in [*lines, f"SettingsJson: {settings}"])
    return before + begin + written + end + after


if __name__ == "__main__":
    main()
