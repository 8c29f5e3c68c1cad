"""Writes the tiny reference models that the parity tests compare with.

    python generate.py            # all, into the folder of this script

One folder a family: `config.json` and `model.safetensors` as transformers saves them,
`inputs.json` (ids, mask, targets, optimiser, ten losses) and `expected.safetensors` (logits,
every hidden state, the gradient of every tensor). `roberta-f16` and `roberta-bf16` hold the same
model stored in half precision, with the logits of the values so stored. Needs torch and
transformers; seeded, so a second run on the same versions writes the same files.
"""

import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
SIZES = dict(
    vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
    max_position_embeddings=40, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
)
LABELS = ["Folk", "Jazz", "Metal", "Pop", "Rock"]
FAMILIES = {
    "roberta": ("Roberta", dict(pad_token_id=1, type_vocab_size=1, layer_norm_eps=1e-5)),
    "xlm-roberta": ("XLMRoberta", dict(pad_token_id=1, type_vocab_size=1, layer_norm_eps=1e-5)),
    "camembert": ("Camembert", dict(pad_token_id=1, type_vocab_size=1, layer_norm_eps=1e-5)),
    "bert": ("Bert", dict(pad_token_id=0, type_vocab_size=2, layer_norm_eps=1e-12)),
    "mpnet": ("MPNet", dict(pad_token_id=1, layer_norm_eps=1e-5)),
}
LENGTHS = [24, 17, 5]
LEARNING_RATE, WEIGHT_DECAY, STEPS = 1e-3, 0.01, 10


def build(prefix, extra):
    config_class = getattr(transformers, prefix + "Config")
    model_class = getattr(transformers, prefix + "ForSequenceClassification")
    config = config_class(
        **SIZES, **extra, num_labels=len(LABELS), id2label=dict(enumerate(LABELS)),
        label2id={label: i for i, label in enumerate(LABELS)},
        problem_type="multi_label_classification",
    )
    config._attn_implementation = "eager"
    torch.manual_seed(20)
    model = model_class(config).eval()
    # Wider than the usual 0.02, and biases and norms off their defaults, so that an error in any
    # of them shows.
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            noise = torch.randn(tensor.shape) * (0.3 if tensor.dim() == 2 else 0.1)
            tensor.copy_(noise + (1.0 if "LayerNorm.weight" in name else 0.0))
        pad = config.pad_token_id
        for name, tensor in model.named_parameters():
            padded = "word_embeddings" in name or ("position_embeddings" in name and prefix != "Bert")
            if padded:
                tensor[pad].zero_()
    return model


def inputs(pad):
    generator = torch.Generator().manual_seed(21)
    width = max(LENGTHS)
    ids = torch.full((len(LENGTHS), width), pad)
    for row, length in enumerate(LENGTHS):
        ids[row, :length] = torch.randint(5, 99, (length,), generator=generator)
    mask = (torch.arange(width)[None, :] < torch.tensor(LENGTHS)[:, None]).long()
    targets = (torch.rand(len(LENGTHS), len(LABELS), generator=generator) < 0.4).float()
    return ids, mask, targets


def train(model, ids, mask, targets):
    loss_of = torch.nn.BCEWithLogitsLoss()
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=WEIGHT_DECAY,
    )
    losses = []
    for _ in range(STEPS):
        optimiser.zero_grad()
        loss = loss_of(model(input_ids=ids, attention_mask=mask).logits, targets)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses


def write(name, prefix, extra):
    folder = HERE / name
    model = build(prefix, extra)
    model.save_pretrained(folder)
    ids, mask, targets = inputs(extra["pad_token_id"])
    output = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    torch.nn.BCEWithLogitsLoss()(output.logits, targets).backward()
    expected = {"logits": output.logits}
    expected |= {f"hidden.{i}": state for i, state in enumerate(output.hidden_states)}
    expected |= {f"gradient.{key}": tensor.grad for key, tensor in model.named_parameters()}
    save_file({k: v.detach().contiguous() for k, v in expected.items()}, folder / "expected.safetensors")
    text = json.dumps({
        "input_ids": ids.tolist(), "attention_mask": mask.tolist(), "targets": targets.tolist(),
        "learning_rate": LEARNING_RATE, "weight_decay": WEIGHT_DECAY,
        "losses": train(model, ids, mask, targets),
    })
    (folder / "inputs.json").write_text(text + "\n")


def write_half(name, dtype):
    folder = HERE / name
    prefix, extra = FAMILIES["roberta"]
    model = build(prefix, extra).to(dtype)
    model.save_pretrained(folder)
    ids, mask, _ = inputs(extra["pad_token_id"])
    logits = model.float()(input_ids=ids, attention_mask=mask).logits
    save_file({"logits": logits.detach().contiguous()}, folder / "expected.safetensors")


if __name__ == "__main__":
    for name, (prefix, extra) in FAMILIES.items():
        write(name, prefix, extra)
    write_half("roberta-f16", torch.float16)
    write_half("roberta-bf16", torch.bfloat16)
