"""The same bundle served the usual way: FastAPI, transformers and PyTorch.

    pip install fastapi uvicorn torch transformers
    python peer.py artifacts/quickstart/model --port 8001
"""

import argparse
import json
from pathlib import Path

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, PreTrainedTokenizerFast


class Request(BaseModel):
    lyrics: str
    all: bool = False


def app(folder):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    settings = json.loads((folder / "canto.json").read_text())
    thresholds = json.loads((folder / "thresholds.json").read_text())["values"]
    limits = {"truncation": True, "max_length": settings["batch"]["max_tokens"]}
    api = FastAPI()

    @api.post("/predict")
    def predict(request: Request):
        tokens = tokenizer(request.lyrics, return_tensors="pt", return_token_type_ids=False, **limits)
        with torch.inference_mode():
            scores = torch.sigmoid(model(**tokens).logits)[0].tolist()
        labels = [
            {"label": value["label"], "score": score, "predicted": score >= value["threshold"]}
            for value, score in zip(thresholds, scores)
        ]
        genres = [
            {"label": label["label"], "score": label["score"]} for label in labels if label["predicted"]
        ]
        genres.sort(key=lambda genre: -genre["score"])
        return {"genres": genres, "labels": labels} if request.all else {"genres": genres}

    return api


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8001)
    args = parser.parse_args()
    uvicorn.run(app(args.folder), port=args.port, log_level="warning")


if __name__ == "__main__":
    main()
