"""`python -m service.dump_openapi`: print the OpenAPI document; `make openapi` writes it to docs/openapi.json."""

import json
import sys

from service.app import create_app
from service.settings import ServiceSettings


def document() -> str:
    """Return the OpenAPI document, which is the same on every machine and in every environment."""
    app = create_app(ServiceSettings(input_bucket="input", output_bucket="output"))
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
