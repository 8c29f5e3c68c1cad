"""Reads the folder that `canto prepare` writes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

LABELS = [
    "Alternative", "Classical", "Comedy", "Electronic", "Folk/Country", "Hip-Hop", "Jazz/Blues",
    "Metal", "Pop", "R&B/Soul", "Reggae/Latin", "Religious", "Rock", "Soundtrack",
]


@dataclass
class Songs:
    """Ids, lyrics and targets (0 or 1, in the order of `labels`) by split."""

    labels: list
    ids: dict
    lyrics: dict
    targets: dict


def read(folder):
    columns = ["id", "lyrics", "genres", "split"]
    table = parquet.read_table(Path(folder) / "songs.parquet", columns=columns).to_pylist()
    ids, lyrics, targets = {}, {}, {}
    for split in ("train", "validation", "test"):
        rows = [row for row in table if row["split"] == split]
        ids[split] = np.array([row["id"] for row in rows], dtype=np.uint64)
        lyrics[split] = [row["lyrics"] for row in rows]
        genres = [
            row["genres"].split(";") if isinstance(row["genres"], str) else row["genres"]
            for row in rows
        ]
        targets[split] = np.array([[int(label in g) for label in LABELS] for g in genres])
    return Songs(LABELS, ids, lyrics, targets)


def metrics(truth, found):
    """What the peers report of scores `found` for targets `truth`, [songs, labels] each."""
    return {
        "macro_roc_auc": roc_auc_score(truth, found, average="macro"),
        "micro_roc_auc": roc_auc_score(truth, found, average="micro"),
        "macro_average_precision": average_precision_score(truth, found, average="macro"),
        "micro_f1_at_0.2": f1_score(truth, found >= 0.2, average="micro"),
        "macro_f1_at_0.2": f1_score(truth, found >= 0.2, average="macro"),
    }
