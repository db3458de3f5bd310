#!/usr/bin/env bash
# Runs the engine's tests on the newest DuckDB 2.x in an environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf build/duckdb2
mkdir -p build
"${PYTHON:-python3}" -m venv build/duckdb2
build/duckdb2/bin/pip install --quiet --disable-pip-version-check -e ".[app,dev]" "duckdb>=2,<3"
QT_QPA_PLATFORM=offscreen build/duckdb2/bin/python -m pytest tests/engine -n 2
