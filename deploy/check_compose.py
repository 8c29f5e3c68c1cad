"""Holds a Compose file to the specification: what `docker compose config` does, without Docker.

Variables get their defaults and YAML's anchors are resolved first, since the parser knows neither.
An unknown key, a wrong type or a volume that nobody declares ends it with an error.
"""

import json
import re
import sys

import compose_spec
import yaml


def main(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", file.read())
    compose = compose_spec.PyCompose.from_json(json.dumps(yaml.safe_load(text)))
    compose.validate()
    print(f"{path}: {', '.join(compose.service_names())}")


if __name__ == "__main__":
    main(sys.argv[1])
