#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs tools of the Rust world that are missing: rust-tools.sh NAME@VERSION…
# A tool that is already in PATH, of whatever version, is used; else it is built once and kept
# in the cache, whose bin folder the Makefile puts into PATH.
set -eu

tools=${XDG_CACHE_HOME:-$HOME/.cache}/cockpit-images/tools
PATH=$PATH:$tools/bin

for crate in "$@"; do
    name=${crate%@*}
    ! command -v "$name" >/dev/null || continue
    echo "setup: building $name into $tools, once; this takes some minutes"
    # A tool's own lock may name a version that was withdrawn meanwhile: then without it.
    cargo install --quiet --locked --root "$tools" "$crate" ||
        cargo install --quiet --root "$tools" "$crate"
done
