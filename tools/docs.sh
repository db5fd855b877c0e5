#!/bin/sh
# Build the site of the documentation into .cache/docs/html, or check what it is made of.
#
# Usage: tools/docs.sh build     the plugins' pages and the guides; a warning is an error
#        tools/docs.sh lint      the plugins' documentation and the guides, as the Ansible community's site wants them
# Expects the environment .cache/venvs/docs and the link .cache/collections, which make sets up.
set -eu

PATH=$PWD/.cache/venvs/docs/bin:$PATH
ANSIBLE_COLLECTIONS_PATH=$PWD/.cache/collections
ANSIBLE_HOME=$PWD/.cache/ansible
export PATH ANSIBLE_COLLECTIONS_PATH ANSIBLE_HOME

case ${1:-} in
build)
    pages=.cache/docs/rst
    mkdir -p "$pages"
    chmod 0755 "$pages" # antsibull-docs does not write where others may
    antsibull-docs --config-file docs/site/antsibull-docs.cfg collection --cleanup everything --fail-on-error --use-current \
        --squash-hierarchy --no-add-antsibull-docs-version --dest-dir "$pages" latchkey.tokens
    sphinx-build -q -W --keep-going -a -E -c docs/site -d .cache/docs/doctrees -b html "$pages" .cache/docs/html
    echo "The documentation is in .cache/docs/html/index.html"
    ;;
lint)
    antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs dependent --check-extra-docs-refs .
    ;;
*)
    sed -n '4,5s/^# //p' "$0" >&2
    exit 2
    ;;
esac
