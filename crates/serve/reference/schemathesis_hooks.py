"""What schemathesis cannot read out of the API's description.

    canto serve artifacts/quickstart &
    SCHEMATHESIS_HOOKS=schemathesis_hooks schemathesis run http://localhost:8000/openapi.json
"""

import json

import schemathesis


@schemathesis.hook
def filter_body(context, body):
    """No schema tells lyrics from text of which cleaning leaves nothing, which is rightly refused."""
    lyrics = body.get("lyrics") if isinstance(body, dict) else None
    return not isinstance(lyrics, str) or sings(lyrics)


def sings(lyrics):
    return "[" not in lyrics and any(letter.isalpha() for letter in lyrics)


@schemathesis.deserializer("application/x-ndjson")
def first_line(context, response):
    """One line of many: all are made alike."""
    lines = response.content.decode().splitlines()
    return json.loads(lines[0]) if lines else {"index": 0, "genres": []}
