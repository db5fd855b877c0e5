#!/bin/sh
# Print the full path of a Python that works, or say in one sentence what is missing.
#
# Usage: tools/find_python.sh [MINIMUM [MAXIMUM]]      for example: tools/find_python.sh 3.10 3.12
#
# Tried in this order: $PYTHON, python3 and python3.14 to python3.10 on PATH, then every version that pyenv has.
# Each candidate is really run: a pyenv shim can exist, be executable and still do nothing but print an error.
set -u

minimum=${1:-3.10}
maximum=${2:-3.99}
probe='
import sys
low, high = (tuple(map(int, version.split("."))) for version in sys.argv[1:])
if not low <= sys.version_info[:2] <= high:
    sys.exit("is Python %d.%d" % sys.version_info[:2])
for name in "ssl", "venv", "ensurepip":
    try:
        __import__(name)
    except ImportError:
        sys.exit("is Python %d.%d without the module %s" % (sys.version_info[:2] + (name,)))
print(sys.executable)
'
incomplete=

try() { # prints the path and ends the script when the candidate works
    if answer=$("$1" -c "$probe" "$minimum" "$maximum" 2>&1); then
        printf '%s\n' "$answer"
        exit 0
    fi
    case $answer in
    *"without the module"*) [ -n "$incomplete" ] || incomplete="$1 $answer" ;;
    esac
}

if [ -n "${PYTHON:-}" ]; then
    try "$PYTHON"
    [ $# -gt 1 ] || echo "find_python.sh: PYTHON=$PYTHON cannot be used here, looking for another one" >&2
fi
for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    command -v "$name" >/dev/null 2>&1 && try "$name"
done
for root in "${PYENV_ROOT:-}" "$(command -v pyenv 2>/dev/null)" "$(command -v python3 2>/dev/null)"; do
    case $root in
    */bin/pyenv) root=${root%/bin/pyenv} ;;
    */shims/*) root=${root%/shims/*} ;;
    esac
    [ -n "$root" ] && [ -d "$root/versions" ] || continue
    for python in "$root"/versions/*/bin/python3; do
        [ -x "$python" ] && try "$python"
    done
done

wanted="Python $minimum or newer"
[ $# -lt 2 ] || wanted="Python $minimum to $maximum"
[ "$minimum" != "$maximum" ] || wanted="Python $minimum"
if [ -n "$incomplete" ]; then
    echo "no usable $wanted: $incomplete (on Debian and Ubuntu: apt install python3-venv)" >&2
else
    echo "no usable $wanted on PATH or in pyenv (install one, or set PYTHON=/path/to/python3)" >&2
fi
exit 1
