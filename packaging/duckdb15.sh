#!/usr/bin/env bash
# An environment under build/duckdb15 with the oldest DuckDB that pyproject.toml allows.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p build
.tools/bin/uv export --quiet --frozen --all-extras --no-hashes --no-emit-project > build/locked.txt
rm -rf build/duckdb15
.tools/bin/uv venv --quiet --python "${PYTHON:-.venv/bin/python}" build/duckdb15
grep -v '^duckdb==' build/locked.txt > build/others.txt
.tools/bin/uv pip install --no-config --quiet --python build/duckdb15/bin/python -r build/others.txt "duckdb==1.5.5"
.tools/bin/uv pip install --no-config --quiet --python build/duckdb15/bin/python --no-deps -e .
