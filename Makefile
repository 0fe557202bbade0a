# Everything a fresh machine needs is made here: uv from the package registry into .tools, the locked packages into .venv.
PYTHON ?= python3
UV := .tools/bin/uv
UV_WANTED := 'uv>=0.9,<1'
HW := .venv/bin/headwater
export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
SYNC = $(UV) sync --quiet --frozen --inexact --python $(PYTHON)
OUT ?= out
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-slow test-browser lint audit docs bench packs words clean

help: ## what can be made
	@grep -hE '^[a-z./-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: .venv/run ## run the main job on the Ghana and Djibouti packs and write their reports
	@$(HW) report studies/djibouti --out $(OUT)/djibouti --language en --language zh
	@$(HW) report studies/ghana --out $(OUT)/ghana --language en --language zh
	@echo
	@echo "Open these in a browser:"
	@ls -1 $(OUT)/djibouti/*.html $(OUT)/ghana/*.html

serve: .venv/run ## open the hub in a browser: http://127.0.0.1:8000/ (PORT=8080 for another port)
	@$(HW) serve --port $(PORT)

test: .venv/dev ## the tests, but for those that take long, need a cluster or kill processes
	@.venv/bin/python -m pytest -q -n auto --dist loadfile

test-slow: .venv/dev .venv/packs .venv/fuzz ## the tests that take minutes, rebuild the packs, or try the API with what nobody would send
	@.venv/bin/python -m pytest -q -m slow -n auto --dist loadfile

test-browser: .venv/browser ## the tests that drive Chromium (HEADWATER_CHROMIUM=path if it is not /usr/bin/chromium)
	@.venv/bin/python -m pytest -q -m browser -n auto --dist loadfile

lint: .venv/dev ## style, types and who may import whom
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

audit: | $(UV) ## known weaknesses of the locked packages: asks services on the network
	@UV_PROJECT_ENVIRONMENT=.tools/audit $(UV) sync --quiet --frozen --only-group audit --python $(PYTHON)
	@$(UV) export --quiet --frozen --no-emit-project --all-groups --all-extras --output-file .tools/locked.txt >/dev/null
	@.tools/audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement .tools/locked.txt

docs: .venv/docs ## build the documentation into site/
	@.venv/bin/python docs/reference.py
	@NO_MKDOCS_2_WARNING=true DISABLE_MKDOCS_2_WARNING=true .venv/bin/mkdocs build --quiet --strict

bench: .venv/run ## compare with peers, side by side in one run; NAME=coverage for one
	@.venv/bin/python benchmarks/run.py $(NAME)

packs: .venv/packs ## rebuild the study packs; DATA=folder as studies/README.md describes
	@.venv/bin/python studies/build all --data $(DATA)

words: .venv/dev ## list strings without a Chinese translation
	@.venv/bin/python scripts/words.py

clean: ## remove what was made here
	rm -rf .venv .tools out site

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Headwater needs Python 3.11 or later; set PYTHON=python3.11")'
	@echo "Setting up (once)…"
	@{ $(PYTHON) -m venv .tools >/dev/null && .tools/bin/python -m pip install -q --disable-pip-version-check $(UV_WANTED); } \
	|| { rm -rf .tools && $(PYTHON) -m pip install -q --disable-pip-version-check --target .tools/lib $(UV_WANTED) \
	     && mkdir -p .tools/bin && ln -s ../lib/bin/uv $(UV); }

.tools/openid: ## with Node.js: a certified OpenID provider for the tests in a browser
	@npm install --silent --no-audit --no-fund --no-package-lock --prefix $@ oidc-provider@8.8.1

.venv/run: uv.lock pyproject.toml | $(UV)
	@$(SYNC)
	@touch $@

.venv/dev: uv.lock pyproject.toml | $(UV)
	@$(SYNC) --group dev
	@touch $@ .venv/run

.venv/browser: uv.lock pyproject.toml | $(UV)
	@$(SYNC) --group dev --group browser
	@touch $@ .venv/dev .venv/run

.venv/fuzz: uv.lock pyproject.toml | $(UV)
	@$(SYNC) --group fuzz
	@touch $@

.venv/docs: uv.lock pyproject.toml | $(UV)
	@$(SYNC) --group docs
	@touch $@

.venv/packs: uv.lock pyproject.toml | $(UV)
	@$(SYNC) --group packs
	@touch $@
