#!/usr/bin/env bash
# Makes .venv from uv.lock with everything `make demo` and `make test` need. On Debian and its children it
# installs, when missing, Python's venv module and the system libraries Qt loads. The hash of everything that comes
# from a package index is in packaging/locks/uv.txt and uv.lock. Safe to run again: it does nothing when uv.lock and
# pyproject.toml have not changed.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/.convoke-stamp
fingerprint=$(cat uv.lock pyproject.toml packaging/bootstrap.sh packaging/locks/uv.txt | sha256sum | cut -d' ' -f1)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$fingerprint" ]; then exit 0; fi

python=${PYTHON:-$(command -v python3.11 || command -v python3 || true)}
if [ -z "$python" ]; then
    echo "Convoke needs Python 3.11 or newer: install it, then run make again." >&2
    exit 2
fi

# Qt on a bare Debian 12: offscreen needs the first line, windows under X11 the second, tests the third.
qt_packages="libegl1 libgl1 libxkbcommon0 libfontconfig1 libdbus-1-3 libglib2.0-0
             libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0
             xvfb xauth"

missing=""
if command -v dpkg-query >/dev/null; then
    for package in $qt_packages; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
    done
    "$python" -c 'import ensurepip, venv' 2>/dev/null \
        || missing="$missing python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
fi
if [ -n "$missing" ]; then
    run=""
    if [ "$(id -u)" != 0 ]; then run="sudo"; fi
    if [ -n "$run" ] && ! command -v sudo >/dev/null; then
        echo "Please have these packages installed, then run make again:$missing" >&2
        exit 2
    fi
    echo "Installing system packages:$missing"
    $run apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if [ ! -x .tools/bin/uv ]; then
    "$python" -m venv .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
        -r packaging/locks/uv.txt
fi
UV_PYTHON_DOWNLOADS=never .tools/bin/uv sync --quiet --frozen --all-extras --compile-bytecode --python "$python"
echo "$fingerprint" > "$stamp"
