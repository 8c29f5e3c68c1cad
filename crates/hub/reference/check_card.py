"""Checks a model card as the Hub's own library reads it: `python check_card.py README.md`.

Needs `huggingface_hub`. Prints what it found; fails where the front matter is not YAML, where the
`model-index` does not become results, or where a required field is missing.
"""

import sys
from pathlib import Path

from huggingface_hub import ModelCard

card = ModelCard(Path(sys.argv[1]).read_text(encoding="utf-8"), ignore_metadata_errors=False)
data = card.data
for field in ("license", "library_name", "pipeline_tag", "tags"):
    assert data.get(field), f"no {field}"
assert data.pipeline_tag == "text-classification", data.pipeline_tag
if "model-index:" in card.content:
    assert data.eval_results, "the model-index gives no results"
    for result in data.eval_results:
        assert isinstance(result.metric_value, float), result
        assert result.dataset_name and result.dataset_type and result.task_type, result
        print(f"{result.metric_type:20} {result.metric_value:.4f}  {result.metric_name}")
    # The results go back to the same structure, as when the Hub's library edits a card.
    again = ModelCard(f"---\n{data.to_yaml()}\n---\n").data
    assert again.eval_results == data.eval_results
print("ok:", {key: data.get(key) for key in ("license", "language", "base_model", "datasets")})
