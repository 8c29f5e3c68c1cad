"""Compares canto's TF-IDF baseline with scikit-learn's on songs that `canto prepare` wrote.

    pip install -r ../../train/reference/requirements.txt
    cargo build --release -p canto-tfidf --example measure
    python real.py --prepared data/prepared/real --binary target/release/examples/measure

The lyrics go through a temporary folder that is removed at the end. Exits with 1 where the macro
AUCs are more than 0.005 apart.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

sys.path.insert(0, str(Path(__file__).parents[2] / "train" / "reference"))
from songs import metrics, read  # noqa: E402


def write(path, lyrics, targets):
    with open(path, "w") as file:
        for text, row in zip(lyrics, targets):
            file.write(json.dumps({"lyrics": text, "targets": row.tolist()}) + "\n")


def ours(songs, binary, config):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for split in ("train", "test"):
            write(folder / f"{split}.ndjson", songs.lyrics[split], songs.targets[split])
        (folder / "config.json").write_text(json.dumps(config))
        subprocess.run([binary, name, folder / "config.json"], check=True)
        scores = np.array(json.loads((folder / "scores.json").read_text()), dtype=np.float32)
        times = json.loads((folder / "times.json").read_text())
        times["file_bytes"] = (folder / "tfidf.safetensors").stat().st_size
    return scores.reshape(songs.targets["test"].shape), times


def theirs(songs):
    since = time.time()
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), min_df=3, max_features=200_000, sublinear_tf=True
    )
    features = vectorizer.fit_transform(songs.lyrics["train"])
    featured = time.time()
    model = OneVsRestClassifier(LogisticRegression(C=4, solver="liblinear"), n_jobs=1)
    model.fit(features, songs.targets["train"])
    fitted = time.time()
    scores = model.predict_proba(vectorizer.transform(songs.lyrics["test"]))
    times = {"features_seconds": featured - since, "features": features.shape[1]}
    times |= {"fit_seconds": fitted - since, "score_seconds": time.time() - fitted}
    return scores, times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", required=True)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--tolerance", type=float, help="instead of canto's default")
    args = parser.parse_args()
    songs = read(args.prepared)
    found, times = ours(songs, args.binary, {"tolerance": args.tolerance} if args.tolerance else {})
    expected, their_times = theirs(songs)
    truth = songs.targets["test"]
    result = {
        "canto": {**metrics(truth, found), **times},
        "scikit_learn": {**metrics(truth, expected), **their_times},
        "largest_score_difference": float(np.abs(found - expected).max()),
    }
    print(json.dumps(result, indent=2))
    aucs = [result[who]["macro_roc_auc"] for who in ("canto", "scikit_learn")]
    sys.exit(abs(aucs[0] - aucs[1]) > 0.005)


if __name__ == "__main__":
    main()
