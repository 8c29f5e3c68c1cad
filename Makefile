# One profile, release, for tests and runs: the heavy dependencies compile once.
# The compiled programs are where CARGO_TARGET_DIR says, otherwise in target/.

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
CANTO      := $(TARGET_DIR)/release/canto
CARGO      ?= cargo
PYTHON     ?= python3
VENV       ?= .venv
MODELS     ?= .models
# The script that fetches pretrained encoders: FETCH minilm|mpnet DIR
FETCH      ?= ../shared/models/fetch.sh
# A CSV of real songs, for `make real` and `make bench`.
LYRICS     ?= ../shared/lyrics/lyrics.csv
# roberta-base's tokenizer.json, for `make interop`.
TOKENIZER  ?= ../shared/roberta-base-tokenizer
# axe-core, which looks for barriers in `make page-check`; nothing of it is committed.
AXE_VERSION := 4.14.1
AXE         := .page-check/axe-$(AXE_VERSION)/node_modules/axe-core/axe.min.js
# Invented songs of the quickstart.
SONGS      ?= 6000
# What `make api` and the containers serve: a run, or a Hub id `user/name`.
MODEL      ?= artifacts/quickstart
PORT       ?= 8000
# Where `make install` puts the command: PREFIX/bin.
PREFIX     ?= $(HOME)/.local
# The container that `make docker-build` and `docker-up` mean: api, or cuda for NVIDIA GPUs.
SERVICE    ?= api
COMPOSE    := CANTO_MODEL=$(MODEL) CANTO_PORT=$(PORT) docker compose -f deploy/compose.yaml
# The linters of deploy/ have nothing to do with the peers' packages.
LINTERS    := $(VENV)/deploy
# The script that fetches models calls plain python3 and its pip.
fetch = PATH="$(abspath $(VENV))/bin:$$PATH" sh $(FETCH) $(1) $(MODELS)/$(1)

FINETUNE     := configs/minilm-finetune.toml
ALL_FEATURES := --features canto-cli/cuda,canto-cli/ndarray,canto-gpu/cuda

.DEFAULT_GOAL := help
.PHONY: help install build test quickstart api ui docker-build docker-up docker-down real parity \
	interop bench gpu-check gpu-kernels-check cuda-kernels-check aarch64-check report-check page-check deploy-check lint fmt check-features clean

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: build ## Compiles canto and puts it into ~/.local/bin (PREFIX=… elsewhere)
	install -D $(CANTO) $(PREFIX)/bin/canto

build: ## Compiles canto (FEATURES=cuda for NVIDIA GPUs)
	$(CARGO) build --release --workspace $(if $(FEATURES),--features $(FEATURES))

test: ## Runs every test
	$(CARGO) test --release --workspace

quickstart: build ## From nothing to predictions on invented songs: CPU, offline, minutes
	rm -rf artifacts/quickstart
	$(CANTO) sample --songs $(SONGS) --out data/raw/quickstart.csv
	$(CANTO) prepare data/raw/quickstart.csv --out data/prepared/quickstart --config configs/quickstart.toml
	$(CANTO) train --config configs/quickstart.toml
	$(CANTO) tune artifacts/quickstart
	$(CANTO) eval artifacts/quickstart
	@printf '\n%s\n\n' "$$QUICKSTART_COUNTRY"
	@$(CANTO) --quiet predict artifacts/quickstart --text "$$QUICKSTART_COUNTRY"
	@printf '\n%s\n\n' "$$QUICKSTART_METAL"
	@$(CANTO) --quiet predict artifacts/quickstart --text "$$QUICKSTART_METAL"
	@printf '\n%s\n\n' "$$QUICKSTART_RAP"
	@$(CANTO) --quiet predict artifacts/quickstart --text "$$QUICKSTART_RAP"

api: build ## Serves a model on port 8000: API, documentation and page (MODEL=… PORT=…)
	$(no_model)
	$(CANTO) serve $(MODEL) --port $(PORT)

ui: build ## The same: the page is part of it
	$(no_model)
	@echo "The page is at http://localhost:$(PORT)/ once it listens"
	$(CANTO) serve $(MODEL) --port $(PORT)

docker-build: ## Builds the container image (SERVICE=cuda for NVIDIA GPUs)
	$(COMPOSE) build $(SERVICE)

docker-up: ## Serves a model in a container on port 8000 (MODEL=… PORT=… SERVICE=…)
	$(no_model)
	$(COMPOSE) up --detach --wait $(SERVICE)
	@echo "The page is at http://localhost:$(PORT)/, the API at http://localhost:$(PORT)/docs"

docker-down: ## Stops and removes the containers; the cache of models stays
	$(COMPOSE) --profile '*' down

real: build venv ## Real songs with MiniLM, the best recipe on a CPU (LYRICS=… MODELS=…)
	$(call fetch,minilm)
	$(CANTO) prepare $(LYRICS) --out data/prepared/real --config configs/minilm.toml
	$(CANTO) train --config configs/minilm.toml --set model.base=$(MODELS)/minilm
	$(CANTO) eval artifacts/minilm

parity: build venv ## One fine-tuning of MiniLM beside PyTorch's and TF-IDF (LYRICS=… MODELS=…)
	$(call fetch,minilm)
	$(CANTO) prepare $(LYRICS) --out data/prepared/real --config $(FINETUNE)
	$(CANTO) train --config $(FINETUNE) --set model.base=$(MODELS)/minilm
	$(CANTO) eval artifacts/minilm-finetune
	$(VENV)/bin/python crates/train/reference/tfidf_peer.py --prepared data/prepared/real \
		--out artifacts/minilm-finetune/metrics/tfidf.json
	$(VENV)/bin/python crates/train/reference/finetune_peer.py --prepared data/prepared/real \
		--base $(MODELS)/minilm --tokens 128 --mega-batches 1 --epochs 1 --lr 8e-5 --seed 7 \
		--out artifacts/minilm-finetune/metrics/pytorch.json

interop: venv ## Round trip with transformers on real MiniLM, MPNet and roberta-base's size
	$(call fetch,minilm)
	$(call fetch,mpnet)
	$(CARGO) build --release -p canto-encoder -p canto-cli --example logits
	$(VENV)/bin/python crates/encoder/reference/interop.py \
		--logits $(TARGET_DIR)/release/examples/logits --minilm $(MODELS)/minilm \
		--mpnet $(MODELS)/mpnet --roberta-tokenizer $(TOKENIZER)

bench: venv ## Preparation beside pandas and langdetect, in one run (LYRICS=…)
	$(CARGO) bench --workspace --bench prepare -- $(abspath $(LYRICS)) \
		--peer $(abspath $(VENV))/bin/python

gpu-check: ## Packs artifacts/gpu-check.tar.xz, to be tried on a machine with an NVIDIA GPU (FUSION=1: Burn's fusion beside it)
	rm -f $(TARGET_DIR)/release/examples/step-fused
ifdef FUSION
	$(CARGO) build --release --workspace --bins --example step --features canto-cli/cuda-fusion
	cp $(TARGET_DIR)/release/examples/step $(TARGET_DIR)/release/examples/step-fused
endif
	$(CARGO) build --release --workspace --bins --example step --example songs --features canto-cli/cuda
	crates/train/reference/gpu/pack.sh $(TARGET_DIR) artifacts/gpu-check.tar.xz

gpu-kernels-check: ## Tries the GPU's kernels on any Vulkan device, a software one included
	$(CARGO) test --release -p canto-gpu --features vulkan
	$(CARGO) test --release -p canto-encoder --features wgpu --test gpu

cuda-kernels-check: ## Compiles the kernels for an H100 without a GPU, by NVRTC and a stand-in for the driver
	$(CARGO) build --release --workspace --bins --example step --example songs --features canto-cli/cuda
	crates/gpu/reference/without_gpu.sh $(TARGET_DIR) $(PYTHON)

aarch64-check: export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER := aarch64-linux-gnu-gcc
aarch64-check: export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER := qemu-aarch64 -L /usr/aarch64-linux-gnu
aarch64-check: ## Tests the CPU's kernels for aarch64, and type-checks the engine (rustup, a cross compiler, qemu)
	rustup target add aarch64-unknown-linux-gnu
	$(CARGO) test --release --target aarch64-unknown-linux-gnu -p canto-kernels
	$(CARGO) check --release --target aarch64-unknown-linux-gnu -p canto-infer

report-check: ## Looks at the report's pages in headless Chromium, which must be installed
	$(CARGO) test --release --workspace --test browser

page-check: $(AXE) ## Uses the page of `canto serve` in headless Chromium, which must be installed
	AXE=$(abspath $(AXE)) $(CARGO) test --release --workspace --test page

$(AXE):
	npm install --prefix .page-check/axe-$(AXE_VERSION) --no-save --no-audit --no-fund \
		--ignore-scripts axe-core@$(AXE_VERSION)

deploy-check: $(LINTERS)/.complete ## Lints the Dockerfile, the Compose file and the Kubernetes manifests
	$(LINTERS)/bin/shellcheck deploy/*.sh
	$(LINTERS)/bin/hadolint deploy/Dockerfile
	$(LINTERS)/bin/python deploy/check_compose.py deploy/compose.yaml
	$(LINTERS)/bin/compose-lint check --quiet deploy/compose.yaml
	$(LINTERS)/bin/kubernetes-validate --strict deploy/kubernetes/*.yaml
	@if docker compose version >/dev/null 2>&1; then set -x; $(COMPOSE) --profile '*' config --quiet; \
		else echo "docker compose is not here: its own check is left out"; fi

lint: ## Checks the format and lints everything, the cuda and ndarray features too
	$(CARGO) fmt --all --check
	$(CARGO) clippy --no-deps --release --workspace --all-targets $(ALL_FEATURES) -- -D warnings
	$(CARGO) clippy --no-deps --release --workspace --test browser --test page $(ALL_FEATURES) -- -D warnings

fmt: ## Formats the code
	$(CARGO) fmt --all

check-features: ## Type-checks the cuda and ndarray features
	$(CARGO) check --release --workspace $(ALL_FEATURES)

clean: ## Removes the quickstart's data and run, and what is compiled
	rm -rf data/raw/quickstart.csv data/prepared/quickstart artifacts/quickstart
	$(CARGO) clean

# Says what to do before canto says what is missing. A Hub id is no folder, and needs none.
define no_model
@if [ ! -e "$(MODEL)" ]; then case "$(MODEL)" in \
	artifacts/*) echo "no run at $(MODEL): \`make quickstart\` trains one; or MODEL=user/name"; exit 1;; \
	esac; fi
endef

$(LINTERS)/.complete: deploy/requirements.txt
	$(PYTHON) -m venv $(LINTERS)
	$(LINTERS)/bin/pip install --quiet -r $<
	touch $@

.PHONY: venv
venv: $(VENV)/.complete

$(VENV)/.complete: $(wildcard crates/*/reference/requirements.txt)
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet $(addprefix -r ,$^)
	touch $@

# Lyrics made up for this file; no words of any song.
define QUICKSTART_COUNTRY
Daddy left his boots on the old wooden porch
Mama hums a tune by the lantern and the torch
That muddy truck is rusting by the river bend
I ride the dusty road until the gravel has an end
endef
define QUICKSTART_METAL
From the ashes of the fortress the iron serpent wakes
Blood upon the altar and the frozen mountain breaks
Burn the throne, curse the crown, let the ravens feed
War is howling in the abyss and the dying bleed
endef
define QUICKSTART_RAP
Spit a verse in the booth and the bass starts to bang
Came up from the block, keep it real with the gang
Stack up the paper, count the chain and the grind
Microphone is heavy but the hustle on my mind
endef
export QUICKSTART_COUNTRY QUICKSTART_METAL QUICKSTART_RAP
