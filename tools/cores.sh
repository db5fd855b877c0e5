#!/bin/sh
# Make one virtual environment per ansible-core version that the tests cover: .cache/venvs/core-VERSION.
#
# Usage: tools/cores.sh [VERSION...]
#        tools/cores.sh --list       (only say which versions those are)
# A version for which this machine has no Python is named in one line and left out; the tests then skip it.
set -u

pythons() { # which Pythons run this ansible-core as a controller, the preferred one first
    case $1 in
    2.16) echo 3.10-3.10 3.10-3.12 ;;
    2.17) echo 3.10-3.12 ;;
    2.18) echo 3.11-3.13 ;;
    2.19) echo 3.11-3.11 3.11-3.13 ;;
    2.20) echo 3.12-3.14 ;;
    2.21) echo 3.13-3.13 3.12-3.14 ;;
    *) echo 3.13-3.14 ;;
    esac
}

candidate() { # of what has not been released yet, its candidates
    case $1 in
    2.22) echo rc1 ;;
    esac
}

make_core() {
    folder=.cache/venvs/core-$1
    reason=$(tools/venv.sh "$folder" "$(pythons "$1")" "ansible-core~=$1.0$(candidate "$1")" requests jmespath 2>&1 >"$log/$1")
    status=$?
    case $status in
    0) cat "$log/$1" ;;
    3) echo "ansible-core $1 is left out: $reason" ;;
    *)
        printf '%s\n' "$reason" >&2
        echo "ansible-core $1 could not be installed" >&2
        return 1
        ;;
    esac
}

versions="2.16 2.18 2.19 2.20 2.21 2.22"
if [ "${1:-}" = --list ]; then
    echo "$versions"
    exit
fi
# shellcheck disable=SC2086
[ $# -gt 0 ] || set -- $versions
log=$(mktemp -d)
trap 'rm -rf "$log"' EXIT
jobs=
for version in "$@"; do
    make_core "$version" &
    jobs="$jobs $!"
done
failed=0
for job in $jobs; do
    wait "$job" || failed=1
done
exit "$failed"
