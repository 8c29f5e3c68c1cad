"""How far lyrics alone can carry on the songs that `canto prepare` wrote: what limits a model there.

    cargo build --release --workspace --examples
    canto prepare SONGS.csv --out data/prepared/real-all --config configs/minilm.toml \\
        --set corpus.duplicates.exact=group --set corpus.duplicates.near=group
    python ceiling.py --prepared data/prepared/real --twins data/prepared/real-all \\
        --binary target/release/examples/measure --out ceiling.json

The model is canto's TF-IDF with logistic regression, fitted by `--binary`, or another whose
probabilities `--scores` holds: a `.npz` with `validation` and `test`, [songs, labels], in the order of
`songs.parquet`; the learning curve, which needs fits, is then left out. `--twins` is a folder prepared
with the duplicates kept: there one text is sung by several artists.
"""

import argparse
import collections
import json
import re
import subprocess
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
from sklearn.metrics import f1_score, precision_recall_curve, roc_auc_score
from songs import LABELS

SHARES = (0.5, 0.25, 0.125)
RESAMPLES = 500
# Labels of so many test songs are common.
COMMON = 200
# Two texts are one song from this share of common triples of words on.
SAME_TEXT = 0.5
# Triples by which texts that have something in common meet, and the most texts that may share one.
PROBES, CROWD = 16, 50


def read(folder):
    table = parquet.read_table(
        Path(folder) / "songs.parquet", columns=["artist", "lyrics", "genres", "split"]
    ).to_pandas()
    table["artist"] = table["artist"].map(first_named)
    targets = np.array([[label in g.split(";") for label in LABELS] for g in table["genres"]])
    return table, targets


def first_named(artists):
    """The artist that the split goes by, all but its finest points."""
    return re.split(r"[,;]| & | \+ | and | feat\.? | ft\. | featuring | with ", artists.lower())[0]


def macro_auc(truth, found):
    """Over the labels that `truth` has with and without."""
    both = [j for j in range(truth.shape[1]) if 0 < truth[:, j].sum() < len(truth)]
    return float(np.mean([roc_auc_score(truth[:, j], found[:, j]) for j in both]))


def write(path, lyrics, targets):
    with open(path, "w") as file:
        for text, row in zip(lyrics, targets):
            file.write(json.dumps({"lyrics": text, "targets": row.astype(int).tolist()}) + "\n")


def fitted(binary, table, targets, train, others):
    """Scores [songs, labels] of `others`, a mask each, by TF-IDF fitted on `train`."""
    with tempfile.TemporaryDirectory() as name:
        scored = np.concatenate([np.flatnonzero(other) for other in others])
        write(Path(name) / "train.ndjson", table["lyrics"][train], targets[train])
        write(Path(name) / "test.ndjson", table["lyrics"][scored], targets[scored])
        subprocess.run([binary, name], check=True)
        found = json.loads((Path(name) / "scores.json").read_text())
    found = np.array(found, dtype=np.float32).reshape(len(scored), len(LABELS))
    return np.split(found, np.cumsum([other.sum() for other in others])[:-1])


def learning_curve(binary, table, targets, split, whole, repeats):
    """Macro AUC on the test songs after training on a share of the artists; with all of them it is
    `whole`."""
    artists = table["artist"].to_numpy()
    names = np.unique(artists[split["train"]])
    songs = int(split["train"].sum())
    curve = [{"artists": len(names), "songs": songs, "macro_auc": whole}]
    for share in SHARES:
        for seed in range(repeats):
            drawn = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
            rows = split["train"] & np.isin(artists, drawn)
            [found] = fitted(binary, table, targets, rows, [split["test"]])
            auc = macro_auc(targets[split["test"]], found)
            curve.append({"artists": len(drawn), "songs": int(rows.sum()), "macro_auc": auc})
            print(curve[-1], flush=True)
    x = np.log2([point["artists"] for point in curve])
    slope, start = np.polyfit(x, [point["macro_auc"] for point in curve], 1)
    return {"points": curve, "gain_of_doubling": float(slope), "at_one_artist": float(start)}


def more_songs_of_an_artist(artists, truth, found):
    """Macro AUC where each song is scored by the mean logit of up to so many songs of its artist,
    itself among them: what one song lacks, and its artist's others have."""
    logits = np.log(np.clip(found, 1e-6, 1 - 1e-6))
    logits -= np.log1p(-np.clip(found, 1e-6, 1 - 1e-6))
    random, result = np.random.default_rng(0), {}
    for most in (1, 2, 4, 8, None):
        mean = np.empty_like(logits)
        for artist in np.unique(artists):
            own = np.flatnonzero(artists == artist)
            for song in own:
                others = random.permutation(own[own != song])[: len(own) if most is None else most - 1]
                mean[song] = logits[np.append(others, song)].mean(axis=0)
        result["all" if most is None else str(most)] = {
            "macro_auc": macro_auc(truth, mean),
            "micro_auc": float(roc_auc_score(truth.ravel(), mean.ravel())),
        }
    return result


def weighted_auc(truth, found, weights):
    """AUC [labels, resamples] of songs that count `weights` [songs, resamples] times."""
    aucs = []
    for j in range(truth.shape[1]):
        order = np.argsort(found[:, j], kind="stable")
        of_value = np.cumsum(np.append(0, np.diff(found[order, j]) > 0))
        values = of_value[-1] + 1
        with_label, without = np.zeros((2, values, weights.shape[1]))
        np.add.at(with_label, of_value, weights[order] * truth[order, j, None])
        np.add.at(without, of_value, weights[order] * ~truth[order, j, None])
        below = np.cumsum(without, axis=0) - without / 2
        pairs = with_label.sum(axis=0) * without.sum(axis=0)
        won = (with_label * below).sum(axis=0)
        aucs.append(np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0))
    return np.array(aucs)


def intervals(artists, truth, found):
    """Artist-bootstrap 95% interval of each label's AUC and of the mean without the rarest."""
    names, of = np.unique(artists, return_inverse=True)
    equal = np.full(len(names), 1 / len(names))
    times = np.random.default_rng(0).multinomial(len(names), equal, RESAMPLES).T
    drawn = weighted_auc(truth, found, times[of])
    [auc] = weighted_auc(truth, found, np.ones((len(truth), 1))).T
    low, high = np.nanpercentile(drawn, [2.5, 97.5], axis=1)
    common = truth.sum(axis=0) >= COMMON
    labels = {
        label: {
            "songs": int(truth[:, j].sum()),
            "artists": len(np.unique(of[truth[:, j]])),
            "auc": float(auc[j]),
            "interval": [float(low[j]), float(high[j])],
        }
        for j, label in enumerate(LABELS)
    }
    error = lambda labels: float(np.std(np.nanmean(drawn[labels], axis=0)))
    return {
        "labels": labels,
        "macro_auc": float(auc.mean()),
        "standard_error": error(common | ~common),
        "macro_auc_of_common_labels": float(auc[common].mean()),
        "standard_error_of_common_labels": error(common),
    }


def best_f1(truth, found):
    precision, recall, thresholds = precision_recall_curve(truth, found)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(f1.max()), float(thresholds[min(f1.argmax(), len(thresholds) - 1)])


def thresholds(split, targets, found):
    """Macro F1 at 0.2, at thresholds tuned on validation, and at the best there can be: tuned on
    the very test songs."""
    truth, columns = targets[split["test"]], range(len(LABELS))
    tuned = [
        best_f1(targets[split["validation"]][:, j], found["validation"][:, j])[1] for j in columns
    ]
    at = lambda cut: float(f1_score(truth, found["test"] >= cut, average="macro", zero_division=0))
    best = float(np.mean([best_f1(truth[:, j], found["test"][:, j])[0] for j in columns]))
    untuned = at(0.2)
    return {
        "macro_f1_at_0.2": untuned,
        "macro_f1_tuned_on_validation": at(np.array(tuned)),
        "macro_f1_tuned_on_test": best,
        "best_ratio": best / untuned,
    }


def triples(lyrics):
    words = re.findall(r"\w+", lyrics.lower().replace("'", ""))
    return {zlib.crc32(" ".join(triple).encode()) for triple in zip(words, words[1:], words[2:])}


def twins(folder):
    """How well an artist's labels are told by those of another artist who sings the same words."""
    table, targets = read(folder)
    sets, artists = [triples(lyrics) for lyrics in table["lyrics"]], table["artist"].to_numpy()
    meeting, pairs = collections.defaultdict(list), set()
    for song, found in enumerate(sets):
        for triple in sorted(found)[:PROBES]:
            meeting[triple].append(song)
    for songs in meeting.values():
        if len(songs) <= CROWD:
            pairs.update((a, b) for a in songs for b in songs if a < b and artists[a] != artists[b])
    same = [
        (a, b) for a, b in sorted(pairs)
        if len(sets[a] & sets[b]) >= SAME_TEXT * len(sets[a] | sets[b])
    ]
    one, other = np.array([a for a, b in same]), np.array([b for a, b in same])
    guess, truth = targets[np.append(one, other)], targets[np.append(other, one)]
    strangers = np.random.default_rng(0).permutation(len(guess))
    score = lambda truth, guess: {
        "micro_f1": float(f1_score(truth, guess, average="micro")),
        "macro_f1": float(f1_score(truth, guess, average="macro", zero_division=0)),
        "macro_auc": macro_auc(truth, guess.astype(float)),
        "same_labels": float((truth == guess).all(axis=1).mean()),
    }
    return {
        "pairs": len(same),
        "of_artists": len({artists[song] for pair in same for song in pair}),
        "same_words": score(truth, guess),
        "any_two": score(truth, guess[strangers]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepared", required=True)
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--binary")
    model.add_argument("--scores")
    parser.add_argument("--twins")
    parser.add_argument("--repeats", type=int, default=2, help="draws a share of the artists")
    parser.add_argument("--out", required=True)
    args = parser.parse_args()
    table, targets = read(args.prepared)
    split = {name: (table["split"] == name).to_numpy() for name in ("train", "validation", "test")}
    result = {}
    if args.scores:
        found = dict(np.load(args.scores))
    else:
        both = ("validation", "test")
        others = [split[name] for name in both]
        scores = fitted(args.binary, table, targets, split["train"], others)
        found = dict(zip(both, scores))
        whole = macro_auc(targets[split["test"]], found["test"])
        curve = learning_curve(args.binary, table, targets, split, whole, args.repeats)
        result["learning_curve"] = curve
    artists, truth = table["artist"].to_numpy()[split["test"]], targets[split["test"]]
    result["more_songs"] = more_songs_of_an_artist(artists, truth, found["test"])
    result["intervals"] = intervals(artists, truth, found["test"])
    result["thresholds"] = thresholds(split, targets, found)
    if args.twins:
        result["twins"] = twins(args.twins)
    Path(args.out).write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
