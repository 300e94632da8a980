#!/bin/sh
# Installs the locked dependencies into .venv, by hash. Usage, at the project's root: install.sh runtime|dev
# A stamp in .venv names what was installed, so that a second run is instant; it holds the project's
# path too, because the scripts of a virtual environment work only where it was made.
set -eu

kind=$1
case $kind in
    runtime) lock=backend/requirements.lock ;;
    dev) lock=backend/requirements-dev.lock ;;
    *) echo "install.sh: runtime or dev?" >&2; exit 2 ;;
esac

wanted="$(cat "$lock" backend/pyproject.toml | cksum) $(pwd -P)"
for done in "$kind" dev; do
    # What development needs contains what running needs.
    stamp=.venv/hass-$done.stamp
    [ "$done" = "$kind" ] || wanted="$(cat backend/requirements-dev.lock backend/pyproject.toml | cksum) $(pwd -P)"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -x .venv/bin/python ]; then
        exit 0
    fi
done

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
python=
for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
    if fits "$candidate"; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
    echo "HASS needs Python 3.11 or newer, which was not found. Install it, or name it: make demo PYTHON=/path/to/python3" >&2
    exit 1
fi

# A virtual environment that was moved or copied here, or whose Python is gone, is made anew.
if [ -d .venv ]; then
    home=$(cat .venv/hass-path 2>/dev/null || pwd -P)
    if [ "$home" != "$(pwd -P)" ] || ! fits .venv/bin/python; then rm -rf .venv; fi
fi
if [ ! -d .venv ]; then
    echo "Making .venv with $("$python" --version) ..."
    if ! "$python" -m venv .venv >/dev/null 2>&1; then
        rm -rf .venv
        echo "Python cannot make a virtual environment: its venv module is missing." >&2
        echo "On Debian and Ubuntu run: apt-get install python3-venv" >&2
        exit 1
    fi
fi
pwd -P > .venv/hass-path

log=.venv/install.log
run() {
    ".venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" >> "$log" 2>&1 &
    pid=$!
    trap 'kill $pid 2>/dev/null; exit 130' INT TERM
    while kill -0 $pid 2>/dev/null; do printf '.'; sleep 1; done
    trap - INT TERM
    wait $pid || {
        printf '\n'
        tail -n 15 "$log" >&2
        echo "The installation failed; the whole log is $log. Without a network nothing can be installed." >&2
        exit 1
    }
}

printf 'Installing %s packages ' "$(grep -c '^[a-zA-Z0-9].*==' "$lock")"
: > "$log"
run install --require-hashes -r "$lock"
run install --no-deps --no-build-isolation -e backend
printf ' done\n'
echo "$(cat "$lock" backend/pyproject.toml | cksum) $(pwd -P)" > ".venv/hass-$kind.stamp"
