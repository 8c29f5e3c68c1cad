"""The steps of `canto prepare` in pandas and langdetect, as a data scientist would write them.

    python peer_pandas.py SONGS.csv OUT.parquet TAXONOMY.toml [--characters N]

Reads four columns, labels by the same taxonomy file, cleans by the same kinds of rules, keeps
English by langdetect (on the first N characters with --characters, as the surpassed pipeline
did with 100; on the whole lyric otherwise, as canto does), drops exact duplicates of the
normalised text, splits 60/20/20 by artist and writes Parquet. Left out, in the peer's favour:
near duplicates, stratification, hashes, the account of every row. The last line printed is
JSON: seconds by step, rows, songs and peak memory. Needs pandas, pyarrow and langdetect.
"""

import argparse
import json
import re
import resource
import time
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
from langdetect import DetectorFactory, LangDetectException, detect

INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000]")
TAGS = re.compile(r"\[[^\[\]\n]*\]")
TICKETS = re.compile(r"See [^\n]{1,80}? LiveGet tickets as low as \$\d+")
ALSO_LIKE = re.compile(r"You might also like(?=\S|[ \t]*$)", re.M)
HEADER = re.compile(r"\A\s*\d+\s*Contributors?[^\n]{0,300}?Lyrics")
EMBED = re.compile(r"(?:\d{1,3}(?:\.\d)?[KM]?)?Embed\s*\Z")
BLANK = re.compile(r"[ \t]*\n(?:[ \t]*\n)+")
WORDS = re.compile(r"[^\w]+")


def clean(text: str) -> str:
    for rule, new in [(INVISIBLE, ""), (SPACES, " "), (TAGS, ""), (TICKETS, "\n"), (ALSO_LIKE, "\n"),
                      (HEADER, ""), (EMBED, ""), (BLANK, "\n\n")]:
        text = rule.sub(new, text)
    return text.strip()


def labeller(path: Path):
    taxonomy = tomllib.loads(path.read_text())
    table = taxonomy.get("table", {})
    rules = {rule["match"].replace("-", " "): rule["genres"] for rule in taxonomy["rules"]}
    longest = max(len(phrase.split()) for phrase in rules)
    known: dict[str, frozenset[str]] = {}

    def one(name: str) -> frozenset[str]:
        if name in table:
            return frozenset(table[name])
        words = name.replace("-", " ").split()
        genres: set[str] = set()
        for length in range(min(longest, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                window = words[start:start + length]
                if None not in window and (hit := rules.get(" ".join(window))):
                    genres.update(hit)
                    words[start:start + length] = [None] * length
        return frozenset(genres)

    def label(names: str) -> str:
        genres: set[str] = set()
        for name in names.lower().split(","):
            name = name.strip()
            if name not in known:
                known[name] = one(name)
            genres |= known[name]
        return ";".join(sorted(genres))

    return label


def english(text: str) -> bool:
    try:
        return detect(text) == "en"
    except LangDetectException:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("songs", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("taxonomy", type=Path)
    parser.add_argument("--characters", type=int, default=None)
    arguments = parser.parse_args()
    DetectorFactory.seed = 0
    seconds = {}
    clock = begin = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        seconds[step] = round(now - clock, 3)
        clock = now

    columns = ["Artist(s)", "song", "text", "Genre"]
    frame = pd.read_csv(arguments.songs, usecols=columns, dtype=str)
    rows = len(frame)
    frame = frame.dropna(subset=["text", "Genre"])
    lap("read")
    frame["genres"] = frame["Genre"].map(labeller(arguments.taxonomy))
    frame = frame[frame["genres"] != ""]
    lap("label")
    frame["lyrics"] = frame["text"].map(clean)
    frame = frame[frame["lyrics"] != ""]
    lap("clean")
    frame = frame[frame["lyrics"].str[: arguments.characters].map(english)]
    lap("language")
    normal = frame["lyrics"].map(lambda text: WORDS.sub(" ", text.lower()).strip())
    frame = frame[~normal.duplicated()]
    lap("duplicates")
    artists = frame["Artist(s)"].fillna("").str.split(",").str[0].str.strip().str.lower()
    draw = dict(zip(sorted(artists.unique()), np.random.default_rng(42).random(artists.nunique())))
    frame["split"] = pd.cut(artists.map(draw), [-1, 0.6, 0.8, 1], labels=["train", "validation", "test"])
    lap("split")
    frame.drop(columns=["text"]).to_parquet(arguments.out)
    lap("write")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": round(time.perf_counter() - begin, 3), "steps": seconds,
                      "rows": rows, "songs": len(frame), "peak_mib": peak}))


if __name__ == "__main__":
    main()
