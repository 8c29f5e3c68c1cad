"""Training steps of canto beside PyTorch's, in one run, A B A B.

roberta-base's shape, random weights, random tokens of full length, dropout 0.1, AdamW, global
clipping; on the CPU with as many threads as canto takes, on a GPU with autocast and SDPA.

    python step_peer.py --step target/release/examples/step --rows 8 --length 128

Prints seconds a step of both and canto's time as a multiple of PyTorch's.
"""

import argparse
import json
import os
import subprocess
import sys
import time

FORMATS = {"f32": None, "f16": "float16", "bf16": "bfloat16"}


def canto(args):
    command = [args.step, "--device", args.device, "--precision", args.precision]
    for name in ("rows", "length", "steps", "layers"):
        command += [f"--{name}", str(getattr(args, name))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def pytorch(args):
    """The peer, in a process of its own, so that neither holds memory while the other runs."""
    command = [sys.executable, __file__, "--peer", "--step", args.step]
    for name in ("device", "precision", "rows", "length", "steps", "layers"):
        command += [f"--{name}", str(getattr(args, name))]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def peer(args):
    import torch
    from transformers import RobertaConfig, RobertaForSequenceClassification

    torch.manual_seed(1)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    device = torch.device(args.device)
    config = RobertaConfig(
        vocab_size=50265,
        max_position_embeddings=514,
        type_vocab_size=1,
        num_hidden_layers=args.layers,
        num_labels=14,
        problem_type="multi_label_classification",
        attn_implementation="sdpa",
    )
    model = RobertaForSequenceClassification(config).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01)
    ids = torch.randint(5, 50000, (args.rows, args.length), device=device)
    mask = torch.ones_like(ids)
    targets = torch.eye(14, device=device)[torch.arange(args.rows) % 14]
    dtype = FORMATS[args.precision] and getattr(torch, FORMATS[args.precision])
    scaler = torch.amp.GradScaler(device.type, enabled=args.precision == "f16")
    seconds = []
    for step in range(2 + args.steps):
        begun = time.perf_counter()
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            loss = model(ids, attention_mask=mask, labels=targets).loss
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        loss.item()
        if step >= 2:
            seconds.append(time.perf_counter() - begun)
    memory = torch.cuda.max_memory_allocated() if device.type == "cuda" else None
    print(json.dumps({"seconds": seconds, "memory": memory}))


def median(values):
    return sorted(values)[len(values) // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--step", required=True, help="canto's example `step`")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="f32", choices=FORMATS)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peer:
        return peer(args)
    ours, theirs = [], []
    for turn in range(args.turns):
        ours.append(median(canto(args)["seconds"]))
        theirs.append(median(pytorch(args)["seconds"]))
        print(f"turn {turn + 1}: canto {ours[-1]:.3f} s, PyTorch {theirs[-1]:.3f} s a step")
    ratios = sorted(a / b for a, b in zip(ours, theirs))
    shape = f"{args.rows}×{args.length}, {args.precision}, {args.device}"
    print(f"{shape}: canto takes {median(ratios):.2f} of PyTorch's time ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
