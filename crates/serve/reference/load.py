"""Many clients at once against `canto serve`, some of them ill-behaved.

Each answer is compared with the one that the same lyrics got alone beforehand. Prints what came
back, how long it took, and what the server's memory did; exits 1 if anything was wrong.

    canto sample --songs 500 --out songs.csv
    canto serve artifacts/quickstart &
    python load.py --port 8000 --pid $! --songs songs.csv --seconds 600
"""

import argparse
import asyncio
import csv
import json
import os
import random
import sys
import time

from wire import Connection, question, scores

# What is sent and which answers are right.
MALFORMED = [
    (b'{"lyrics": "broken', "application/json", 400),
    (b'{"lyrics": 3}', "application/json", 422),
    (b'{"lyrics": "x", "treshold": 1}', "application/json", 422),
    (b'{"lyrics": " "}', "application/json", 422),
    (b'{"lyrics": "x"}', "text/plain", 415),
]
OVERSIZED = json.dumps({"lyrics": "x" * (1 << 20)}).encode()


class Tally:
    """What the clients saw."""

    def __init__(self):
        self.seconds, self.statuses = [], {}
        self.wrong, self.worst, self.broken = [], 0.0, 0

    def status(self, status):
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def answer(self, status, body, expected, took):
        self.status(status)
        if status != 200:
            self.wrong.append(f"a good request was answered {status}: {body[:200]}")
            return
        self.seconds.append(took)
        found = scores(body)
        worst = max(abs(found[label] - score) for label, score in expected.items())
        self.worst = max(self.worst, worst)
        if worst > 1e-5:
            self.wrong.append(f"a score is off by {worst}")

    def refusal(self, status, body, expected):
        self.status(status)
        error = json.loads(body).get("error", {}) if body else {}
        if status != expected or not {"code", "message", "request_id"} <= set(error):
            self.wrong.append(f"{expected} was due, came {status}: {body[:200]}")


async def client(args, songs, until, tally, dice):
    connection = Connection(args.host, args.port)
    while time.perf_counter() < until:
        try:
            await step(args, connection, songs, tally, dice)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            tally.broken += 1
            tally.wrong.append(f"a connection broke: {error!r}")
            connection.close()
    connection.close()


async def step(args, connection, songs, tally, dice):
    lyrics, expected = dice.choice(songs)
    kind = dice.random()
    if kind < args.malformed:
        body, media_type, status = dice.choice(MALFORMED)
        tally.refusal(*await connection.post("/predict", body, media_type), status)
    elif kind < args.malformed + args.oversized:
        tally.refusal(*await connection.post("/predict", OVERSIZED), 413)
    elif kind < args.malformed + args.oversized + args.aborted:
        await connection.send("/predict", question(lyrics))
        await asyncio.sleep(dice.random() * 0.05)
        connection.close()
        tally.status("left")
    else:
        begun = time.perf_counter()
        status, body = await connection.post("/predict", question(lyrics))
        tally.answer(status, body, expected, time.perf_counter() - begun)


async def watch(pid, memory, until):
    while pid and time.perf_counter() < until:
        memory.append(resident(pid))
        await asyncio.sleep(1)


def resident(pid):
    """MiB."""
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def processor(pid):
    """Seconds of processor time that the server has used."""
    if not pid:
        return 0.0
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def read(path, count, shortest):
    csv.field_size_limit(1 << 30)
    with open(path, newline="") as file:
        texts = (row.get("text") or row.get("lyrics") or "" for row in csv.DictReader(file))
        return [text for text in texts if len(text) > shortest][:count]


async def alone(args, lyrics):
    """The songs with their scores, asked one after the other."""
    connection, songs = Connection(args.host, args.port), []
    for text in lyrics:
        status, body = await connection.post("/predict", question(text))
        if status == 200:
            songs.append((text, scores(body)))
    connection.close()
    return songs


def quantile(values, share):
    return sorted(values)[min(int(share * len(values)), len(values) - 1)] if values else 0.0


async def load(args):
    """Everything that was measured."""
    songs = await alone(args, read(args.songs, args.count, 200))
    tally, memory = Tally(), []
    used = processor(args.pid)
    begun = time.perf_counter()
    until = begun + args.seconds
    dice = [random.Random(number) for number in range(args.clients)]
    clients = (client(args, songs, until, tally, die) for die in dice)
    await asyncio.gather(watch(args.pid, memory, until), *clients)
    took = time.perf_counter() - begun
    used = processor(args.pid) - used
    # The first fifth is for allocators and caches to settle.
    settled = memory[len(memory) // 5 :] or [0.0]
    third = max(len(settled) // 3, 1)
    early, late = sum(settled[:third]) / third, sum(settled[-third:]) / third
    return {
        "songs": len(tally.seconds),
        "songs_per_second": len(tally.seconds) / took,
        "p50_ms": 1000 * quantile(tally.seconds, 0.50),
        "p95_ms": 1000 * quantile(tally.seconds, 0.95),
        "p99_ms": 1000 * quantile(tally.seconds, 0.99),
        # Unlike the rate it does not depend on what else the machine does.
        "processor_ms_per_song": 1000 * used / max(len(tally.seconds), 1),
        "answers": {str(status): count for status, count in sorted(tally.statuses.items(), key=str)},
        "wrong": len(tally.wrong),
        "examples": tally.wrong[:5],
        "largest_difference": tally.worst,
        "memory_mib": [round(early, 1), round(late, 1), round(max(settled), 1)],
        "memory_growth": late / early - 1 if early else 0.0,
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--songs", required=True, help="CSV with lyrics in `text`")
    parser.add_argument("--count", type=int, default=100, help="different songs")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--pid", type=int, help="the server's, to watch its memory")
    for kind in ["malformed", "oversized", "aborted"]:
        parser.add_argument(f"--{kind}", type=float, default=0.05, help="share of requests")
    return parser


def main():
    result = asyncio.run(load(arguments().parse_args()))
    json.dump(result, sys.stdout, indent=2)
    print()
    sys.exit(1 if result["wrong"] or abs(result["memory_growth"]) > 0.05 else 0)


if __name__ == "__main__":
    main()
