"""canto in batches, canto one song at a time, and the peer, under the same load one after the
other; prints a table.

    python compare.py --canto target/release/canto --run artifacts/quickstart --songs songs.csv
"""

import argparse
import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path

from load import arguments, load

HERE = Path(__file__).parent


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait(port, process):
    """Until it listens."""
    while True:
        if process.poll() is not None:
            sys.exit("the server did not start")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)


def measure(name, command, port, args):
    process = subprocess.Popen([str(part) for part in command])
    try:
        wait(port, process)
        words = ["--port", port, "--pid", process.pid, "--songs", args.songs]
        words += ["--seconds", args.seconds, "--clients", args.clients]
        words += ["--malformed", 0, "--oversized", 0, "--aborted", 0]
        result = asyncio.run(load(arguments().parse_args([str(word) for word in words])))
    finally:
        process.terminate()
        process.wait()
    keys = ["songs_per_second", "p50_ms", "p95_ms", "p99_ms", "processor_ms_per_song"]
    rate, p50, p95, p99, used = (result[key] for key in keys)
    peak = result["memory_mib"][2]
    print(f"{name:<24}{rate:>9.1f}{p50:>9.0f}{p95:>9.0f}{p99:>9.0f}{used:>9.0f}{peak:>10.0f}{result['wrong']:>7}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--canto", required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--songs", required=True)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", type=int, default=64)
    args = parser.parse_args()
    model = args.run / "model" if (args.run / "model").is_dir() else args.run
    print(f"{args.clients} clients, {args.seconds:.0f} s each, {args.run.name}")
    print(f"{'':<24}{'songs/s':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'cpu ms':>9}{'peak MiB':>10}{'wrong':>7}")
    canto = [args.canto, "--quiet", "serve", args.run, "--queue", 1024, "--timeout", 300]
    for name, more in [("canto", []), ("canto, one at a time", ["--batch-tokens", 1])]:
        port = free_port()
        measure(name, [*canto, "--port", port, *more], port, args)
    port = free_port()
    peer = [sys.executable, HERE / "peer.py", model, "--port", port]
    measure("FastAPI, transformers", peer, port, args)


if __name__ == "__main__":
    main()
