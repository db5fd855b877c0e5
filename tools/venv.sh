#!/bin/sh
# Make a virtual environment and install into it; do nothing when that has been done already.
#
# Usage: tools/venv.sh FOLDER RANGES PIP_ARGUMENT...
#   tools/venv.sh .venv 3.10 -r tests/requirements.txt
#   tools/venv.sh .cache/venvs/core-2.21 "3.13-3.13 3.12-3.14" "ansible-core~=2.21.0"
#
# RANGES of Python versions are tried from left to right; one without an end means "or newer".
# "Already" is decided by contents, not by times: one stamp per set of arguments holds the arguments, the requirement
# files and the place, so that an edited file, a moved or a copied checkout is noticed.
# Exit status 3 means that this machine has no suitable Python; any other failure is pip's.
set -eu

folder=$1
ranges=$2
shift 2

requirement_files() { # the files named with -r, and those they name
    while [ $# -gt 0 ]; do
        if [ "$1" = -r ]; then
            shift
            printf '%s\n' "$1"
            sed -n "s|^-r *|$(dirname "$1")/|p" "$1"
        fi
        shift
    done
}

state() {
    printf '%s\n' "$PWD/$folder" "$@"
    requirement_files "$@" | while IFS= read -r file; do cat "$file"; done
}

stamp=$folder/.stamp-$(printf '%s' "$*" | tr -cs 'A-Za-z0-9.\n' '-')
wanted=$(state "$@")
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && "$folder/bin/python" -c '' 2>/dev/null; then
    exit 0
fi

reason=$(mktemp)
trap 'rm -f "$reason"' EXIT
if ! { [ -f "$folder/.place" ] && [ "$(cat "$folder/.place")" = "$PWD/$folder" ] && "$folder/bin/python" -c '' 2>/dev/null; }; then
    rm -rf "$folder"
    python=
    for range in $ranges; do
        case $range in
        *-*) versions="${range%-*} ${range#*-}" ;;
        *) versions=$range ;;
        esac
        # shellcheck disable=SC2086
        python=$(tools/find_python.sh $versions 2>"$reason") && break
    done
    cat "$reason" >&2
    [ -n "$python" ] || exit 3
    echo "$folder: new virtual environment with $python"
    mkdir -p "$(dirname "$folder")"
    "$python" -m venv "$folder"
    printf '%s\n' "$PWD/$folder" >"$folder/.place"
fi

echo "$folder: pip install $*"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --prefer-binary "$@"
printf '%s\n' "$wanted" >"$stamp"
