"""Compares canto's language judgement with langdetect's, song by song.

    python langdetect_agreement.py SONGS.csv PREPARED_FOLDER [--show N]

SONGS.csv is the file that PREPARED_FOLDER was prepared from, with language judged. langdetect
reads the whole lyric without its section tags, with a fixed seed. Printed are the songs that
both judged, the share of langdetect's English songs that canto keeps, and the rows on which
the two disagree, for a person to look at. Needs pandas, pyarrow and langdetect.
"""

import argparse
import re
from multiprocessing import Pool
from pathlib import Path

import pandas as pd
from langdetect import DetectorFactory, LangDetectException, detect

TAGS = re.compile(r"\[.*?\]")


def language(text: str) -> str:
    DetectorFactory.seed = 0
    try:
        return detect(TAGS.sub("", text).strip())
    except LangDetectException:
        return "unknown"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("songs", type=Path)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("--text", default="text", help="column of the lyrics")
    parser.add_argument("--artist", default="Artist(s)")
    parser.add_argument("--title", default="song")
    parser.add_argument("--show", type=int, default=40, help="disagreements to print")
    arguments = parser.parse_args()

    raw = pd.read_csv(arguments.songs, keep_default_na=False)
    songs = pd.read_parquet(arguments.prepared / "songs.parquet", columns=["row"])
    rejects = pd.read_parquet(arguments.prepared / "rejects.parquet")
    # Rows that were judged: songs, those rejected for their language, and duplicates, which
    # are looked for after the language.
    refused = rejects[rejects.reason == "language"].set_index("row").detail
    duplicates = rejects[rejects.reason.str.endswith("duplicate")].row
    judged = sorted([*songs.row, *refused.index, *duplicates])

    texts = [raw[arguments.text].iloc[row - 1] for row in judged]
    with Pool() as pool:
        theirs = pd.Series(pool.map(language, texts, chunksize=64), index=judged)
    kept = ~theirs.index.isin(refused.index)
    english = theirs == "en"

    print(f"judged by both        {len(theirs):>8}")
    print(f"langdetect: English   {english.sum():>8}")
    print(f"canto: accepted       {kept.sum():>8}")
    print(f"agreed                {(english == kept).sum():>8}  {(english == kept).mean():.4%}")
    share = kept[english].mean()
    print(f"of langdetect's English songs canto keeps {share:.4%}")
    for title, rows in [
        ("English to langdetect, refused by canto", theirs.index[english & ~kept]),
        ("not English to langdetect, accepted by canto", theirs.index[~english & kept]),
    ]:
        print(f"\n{title}: {len(rows)}")
        for row in rows[: arguments.show]:
            song = raw.iloc[row - 1]
            print(f"  row {row}: {theirs[row]} | {refused.get(row, 'eng')} | "
                  f"{song[arguments.artist]} – {song[arguments.title]}")


if __name__ == "__main__":
    main()
