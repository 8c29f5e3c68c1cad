"""Reads the folder that `canto prepare` writes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

LABELS = [
    "Alternative", "Classical", "Comedy", "Electronic", "Folk/Country", "Hip-Hop", "Jazz/Blues",
    "Metal", "Pop", "R&B/Soul", "Reggae/Latin", "Religious", "Rock", "Soundtrack",
]


@dataclass
class Songs:
    """Lyrics and targets (0 or 1, in the order of `labels`) by split."""

    labels: list
    lyrics: dict
    targets: dict


def read(folder):
    columns = ["lyrics", "genres", "split"]
    table = parquet.read_table(Path(folder) / "songs.parquet", columns=columns).to_pylist()
    lyrics, targets = {}, {}
    for split in ("train", "validation", "test"):
        rows = [row for row in table if row["split"] == split]
        lyrics[split] = [row["lyrics"] for row in rows]
        genres = [
            row["genres"].split(";") if isinstance(row["genres"], str) else row["genres"]
            for row in rows
        ]
        targets[split] = np.array([[int(label in g) for label in LABELS] for g in genres])
    return Songs(LABELS, lyrics, targets)
