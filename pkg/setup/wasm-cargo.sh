#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs cargo with the compiler that can build for wasm32-unknown-unknown: the default one,
# or the one that wasm-target.sh prepared.
set -eu

target=wasm32-unknown-unknown
sysroot=${XDG_CACHE_HOME:-$HOME/.cache}/cockpit-images/wasm-sysroot

if [ -n "${WASM_FROM_DEBIAN:-}" ] || [ ! -d "$(rustc --print target-libdir --target "$target")" ]; then
    export RUSTC="$sysroot/bin/rustc" CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22
fi
exec "${CARGO:-cargo}" "$@"
