#!/usr/bin/env bash
# An environment under build/duckdb15 with the oldest DuckDB that pyproject.toml allows.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
.tools/bin/uv export --quiet --frozen --all-extras --no-emit-project --no-emit-package duckdb > build/others.txt
rm -rf build/duckdb15
.tools/bin/uv venv --quiet --python "${PYTHON:-.venv/bin/python}" build/duckdb15
.tools/bin/uv pip install --no-config --quiet --python build/duckdb15/bin/python --require-hashes \
    -r build/others.txt -r packaging/locks/duckdb15.txt
.tools/bin/uv pip install --no-config --quiet --python build/duckdb15/bin/python --no-deps -e .
