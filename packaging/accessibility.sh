#!/usr/bin/env bash
# What a screen reader sees: the app under Xvfb with a session bus, dumped through AT-SPI. Fails when anything one can
# press, type into or choose from has no name. Needs at-spi2-core, python3-pyatspi, gir1.2-atspi-2.0, xvfb and dbus.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
.venv/bin/python -c "
import sys
from pathlib import Path
from engine.operations import prepare_demo
prepare_demo(Path(sys.argv[1]), profiles=2000).close()" "$folder/ws"
export QT_QPA_PLATFORM=xcb QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1 QT_ACCESSIBILITY=1 XDG_CONFIG_HOME="$folder"
dbus-run-session -- xvfb-run -a bash -c '
    /usr/libexec/at-spi-bus-launcher --launch-immediately >/dev/null 2>&1 &
    .venv/bin/python -m app --workspace "$0/ws" ${1:+--audience "$1"} >/dev/null 2>&1 &
    app=$!
    /usr/bin/python3 packaging/accessibility_dump.py; code=$?
    kill $app
    exit $code
' "$folder" "${1:-}"
