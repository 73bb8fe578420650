"""`python -m service.dump_openapi`: print the API's description, which docs/openapi.json holds."""

import json
import sys

from service.app import create_app
from service.settings import ServiceSettings


def document() -> str:
    """Return the description: the same wherever it is made, whatever the environment."""
    app = create_app(ServiceSettings(input_bucket="input", output_bucket="output"))
    return json.dumps(app.openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(document())
