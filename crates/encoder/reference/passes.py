"""PyTorch's times beside ours, in one run: `python passes.py --passes BINARY [ROWS TOKENS [LAYERS WIDTH HEADS [REPEATS]]]`.

`BINARY` is the example `passes`. Both print one JSON line, milliseconds, best of the repeats:
forward without a graph, forward and backward with dropout, and the AdamW step.
"""

import argparse
import json
import subprocess
import time

import torch
from transformers import BertConfig, BertForSequenceClassification


def best(repeats, run):
    least = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        least = min(least, (time.perf_counter() - start) * 1e3)
    return round(least, 1)


def measure(rows, tokens, layers, width, heads, repeats):
    config = BertConfig(
        vocab_size=30522, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=4 * width, num_labels=14, problem_type="multi_label_classification",
    )
    model = BertForSequenceClassification(config)
    ids = torch.randint(5, 30000, (rows, tokens))
    mask = torch.ones_like(ids)
    optimiser = torch.optim.AdamW(model.parameters())

    def forward():
        with torch.inference_mode():
            model.eval()(input_ids=ids, attention_mask=mask)

    def backward():
        optimiser.zero_grad()
        (model.train()(input_ids=ids, attention_mask=mask).logits ** 2).mean().backward()

    times = dict(forward_ms=best(repeats, forward), forward_backward_ms=best(repeats, backward))
    return times | dict(adamw_ms=best(repeats, optimiser.step))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--passes", required=True)
    parser.add_argument("sizes", nargs="*", type=int)
    given = parser.parse_args()
    sizes = given.sizes + [16, 128, 6, 384, 12, 5][len(given.sizes):]
    subprocess.run([given.passes, *map(str, sizes)], check=True)
    print(json.dumps({"pytorch": torch.__version__, "threads": torch.get_num_threads(), **measure(*sizes)}))
