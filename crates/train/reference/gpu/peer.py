"""PyTorch's training steps on tokenised songs, as `step --songs` takes them: songs and tokens a second.

Hugging Face's RoBERTa with random weights, autocast and a gradient scaler, SDPA, fused AdamW,
global clipping; batches grouped by length and padded to their longest, or all padded to the full
length, which the pipeline that canto is measured against did.

    python peer.py --songs songs.json --device cuda bf16:512:16:64 f16:512:8:16:padded

A run is format:tokens:micro-batch:effective batch[:padded]. One line of JSON a run; a run that
fails says so in its line and the next one begins.
"""

import argparse
import gc
import json
import os
import random
import sys
import time

import torch
from transformers import RobertaConfig, RobertaForSequenceClassification

FORMATS = {"f32": None, "f16": torch.float16, "bf16": torch.bfloat16}
LABELS = 14
PAD = 1
WARM_UP = 2
# Rows of the product that tells the device's peak, as canto measures it.
PEAK_ROWS = {"cpu": 1536, "cuda": 8192}


def window(ids, length):
    """The first tokens, and the last one, which ends every window."""
    return ids if len(ids) <= length else ids[: length - 1] + ids[-1:]


def micro_batches(songs, micro, length, padded):
    """Transformers' way: mega-batches of shuffled songs, sorted, cut."""
    order = list(range(len(songs)))
    random.Random(1).shuffle(order)
    if not padded:
        mega = 50 * micro
        groups = [order[i : i + mega] for i in range(0, len(order), mega)]
        order = [i for group in groups for i in sorted(group, key=lambda i: -len(songs[i][0]))]
    for start in range(0, len(order), micro):
        rows = [songs[i] for i in order[start : start + micro]]
        longest = length if padded else -(-max(len(ids) for ids, _ in rows) // 8) * 8
        longest = min(longest, length)
        ids = torch.tensor([ids + [PAD] * (longest - len(ids)) for ids, _ in rows])
        mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in rows])
        targets = torch.tensor([[float(k in genres) for k in range(LABELS)] for _, genres in rows])
        yield ids, mask, targets


def used(device):
    """Bytes in use, of the whole device, as canto counts them; on the CPU of this process."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info()
        return total - free
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def peak(device, dtype):
    rows = PEAK_ROWS[device.type]
    a, b = (torch.randn(rows, rows, device=device).to(dtype or torch.float32) for _ in range(2))
    best = float("inf")
    for _ in range(5):
        synchronize(device)
        begun = time.perf_counter()
        torch.matmul(a, b)
        synchronize(device)
        best = min(best, time.perf_counter() - begun)
    return 2 * rows**3 / best


def operations(songs, config):
    """Of one pass forward and back, padding not counted, as canto counts them."""
    width, inner = config.hidden_size, config.intermediate_size
    weights = 4 * width * width + 2 * width * inner
    a_token = lambda n: config.num_hidden_layers * 2 * (weights + 2 * n * width)
    return 3 * sum(len(ids) * a_token(len(ids)) for ids, _ in songs)


def measured(run, args, songs):
    format, length, micro, effective, *rest = run.split(":")
    length, micro, effective, padded = int(length), int(micro), int(effective), rest == ["padded"]
    device, dtype = torch.device(args.device), FORMATS[format]
    songs = songs[: args.batches * effective]
    if len(songs) < args.batches * effective:
        raise SystemExit(f"{args.batches * effective} songs are needed")
    songs = [(window(song["ids"], length), set(song["genres"])) for song in songs]
    torch.manual_seed(1)
    config = RobertaConfig(
        vocab_size=50265,
        max_position_embeddings=514,
        type_vocab_size=1,
        num_hidden_layers=args.layers,
        num_labels=LABELS,
        problem_type="multi_label_classification",
        attn_implementation="sdpa",
    )
    model = RobertaForSequenceClassification(config).to(device).train()
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=2e-5, weight_decay=0.01, fused=device.type == "cuda"
    )
    scaler = torch.amp.GradScaler(device.type, enabled=format == "f16")
    batches = list(micro_batches(songs, micro, length, padded))
    if device.type == "cuda":
        batches = [[tensor.pin_memory() for tensor in batch] for batch in batches]
    window_size = max(1, effective // micro)
    loss = None

    def one_pass():
        nonlocal loss
        for number, batch in enumerate(batches):
            ids, mask, targets = (tensor.to(device, non_blocking=True) for tensor in batch)
            with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
                loss = model(ids, attention_mask=mask, labels=targets).loss / window_size
            scaler.scale(loss).backward()
            if (number + 1) % window_size == 0 or number + 1 == len(batches):
                scaler.unscale_(optimizer)
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()
                optimizer.zero_grad(set_to_none=True)
        synchronize(device)

    seconds, warm_up, memory = [], 0.0, 0
    while len(seconds) < args.steps or sum(seconds) < args.seconds:
        begun = time.perf_counter()
        one_pass()
        taken = time.perf_counter() - begun
        memory = max(memory, used(device))
        if warm_up < WARM_UP:
            warm_up += 1
        else:
            seconds.append(taken)
    median = sorted(seconds)[len(seconds) // 2]
    tokens = sum(len(ids) for ids, _ in songs)
    places = sum(ids.numel() for ids, _, _ in batches)
    rate = operations(songs, config) / median
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {torch.get_num_threads()} threads"
    return {
        "side": "PyTorch",
        "build": "padded" if padded else "grouped",
        "version": torch.__version__,
        "device": name,
        "precision": format,
        "layers": args.layers,
        "length": length,
        "micro": micro,
        "effective": effective,
        "songs": len(songs),
        "tokens": tokens,
        "padding": 1 - tokens / places,
        "seconds": seconds,
        "songs_per_second": len(songs) / median,
        "tokens_per_second": tokens / median,
        "operations_per_second": rate,
        "peak": peak(device, dtype),
        "memory": memory,
        "memory_allocated": torch.cuda.max_memory_allocated() if device.type == "cuda" else None,
        "loss": loss.item() * window_size,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--songs", required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--batches", type=int, default=8)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0)
    args = parser.parse_args()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    with open(args.songs) as file:
        songs = json.load(file)["songs"]
    failed = 0
    for run in args.runs:
        try:
            line = measured(run, args, songs)
        except Exception as error:
            failed += 1
            line = {"run": run, "failed": f"{type(error).__name__}: {error}".split("\n")[0]}
        print(json.dumps(line), flush=True)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
