#!/usr/bin/env bash
# Compares the meanings on the oldest DuckDB that pyproject.toml allows. Arguments: how many small and large worlds, how
# many small and large worlds that change, and the first seed.
set -euo pipefail
cd "$(dirname "$0")/.."
bash packaging/duckdb15.sh
python=build/duckdb15/bin/python
$python -m tests.benchmarks.equivalence --worlds "$1" --large "$2" --first "$5" --name equivalence-duckdb15
$python -m tests.benchmarks.changing --worlds "$3" --large "$4" --first "$5" --name changing-duckdb15
