#!/bin/sh
# Put this checkout on an import path as ansible_collections.latchkey.tokens, for pytest, mypy and ansible-playbook:
# .cache/collections/ansible_collections/latchkey/tokens is a link to the root of the checkout.
set -eu

link=.cache/collections/ansible_collections/latchkey/tokens
[ "$link" -ef . ] && exit 0
mkdir -p "${link%/*}"
rm -f "$link"
ln -s ../../../.. "$link"
