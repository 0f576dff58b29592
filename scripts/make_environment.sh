#!/usr/bin/env bash
# Makes the virtual environment from the lock files: make_environment.sh <python> <folder>
#
# Everything is installed by hash, from wherever pip and uv of this machine are set up to look.
set -euo pipefail
python=$1
venv=$2

fail() {
    printf '\n%s\n\n' "$*" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "There is no '$python'. Install Python 3.11 or later, or name yours: make PYTHON=/path/to/python"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "'$python' is $("$python" --version). Jouren needs 3.11 or later; name another: make PYTHON=python3.12"

if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "'$python' cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv"
    echo "Making $venv …"
    rm -rf "$venv"
    "$python" -m venv "$venv"
fi

export PIP_DISABLE_PIP_VERSION_CHECK=1
export VIRTUAL_ENV=$PWD/$venv
"$venv/bin/python" -m pip install --quiet --require-hashes -r requirements/uv.lock
# Compiled now, once: where PYTHONDONTWRITEBYTECODE is set, every process would do it again, for two seconds each.
"$venv/bin/uv" pip sync --quiet --compile-bytecode --require-hashes requirements/dev.lock requirements/uv.lock
# setuptools is in the lock file: nothing is fetched to build Jouren itself.
"$venv/bin/uv" pip install --quiet --no-deps --no-build-isolation -e .
"$venv/bin/python" -m compileall -q jouren
