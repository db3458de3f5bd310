#!/usr/bin/env bash
# Runs the engine's tests on the oldest DuckDB that pyproject.toml allows, in an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
bash packaging/duckdb15.sh
QT_QPA_PLATFORM=offscreen build/duckdb15/bin/python -m pytest tests/engine -n 2 "$@"
