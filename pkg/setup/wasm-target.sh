#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Makes sure that a standard library for wasm32-unknown-unknown exists: the one of the
# developer's own compiler, else one of rustup, else one built from Debian's rustc-web.
# wasm-cargo.sh uses what is found here. WASM_FROM_DEBIAN=1 takes Debian's in any case.
set -eu

target=wasm32-unknown-unknown
cache=${XDG_CACHE_HOME:-$HOME/.cache}/cockpit-images
sysroot=$cache/wasm-sysroot

if [ -z "${WASM_FROM_DEBIAN:-}" ]; then
    libdir=$(rustc --print target-libdir --target "$target")
    [ ! -d "$libdir" ] || exit 0
    if command -v rustup >/dev/null; then
        echo "setup: adding the Rust target $target"
        ! rustup target add "$target" || exit 0
        echo "setup: rustup cannot fetch it; building it from Debian's rustc-web"
    fi
fi

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
if ! command -v wasm-ld-22 >/dev/null || [ ! -x /usr/bin/rustc ] || [ ! -x /usr/bin/cargo ] ||
    [ ! -d /usr/lib/rustlib/src/rust/library ]; then
    echo "setup: installing rustc-web, cargo-web, rust-web-src and lld-22"
    export DEBIAN_FRONTEND=noninteractive
    $as_root apt-get -q update
    $as_root apt-get -q install --yes --no-install-recommends \
        rustc-web cargo-web rust-web-src lld-22
fi

# Libraries load only in the very compiler that made them, and Debian's moves with security updates.
version=$(/usr/bin/rustc -vV)
[ ! -e "$sysroot/version" ] || [ "$(cat "$sysroot/version")" != "$version" ] || exit 0

echo "setup: building the $target standard library into $sysroot"
mkdir -p "$cache"
work=$(mktemp -d "$cache/wasm-sysroot.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/empty/src"
cat > "$work/empty/Cargo.toml" <<'TOML'
[package]
name = "empty"
version = "0.0.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[workspace]
TOML
: > "$work/empty/src/lib.rs"
# `test` is part of it so that `cargo test` can build for the target, too.
(
    cd "$work/empty"
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/target" \
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22 \
        /usr/bin/cargo build --quiet --release --target "$target" \
        -Zbuild-std=std,panic_abort,test
)

tree=$work/tree
mkdir -p "$tree/bin" "$tree/lib/rustlib/$target/lib"
cp "$work/target/$target/release/deps/"*.rlib "$tree/lib/rustlib/$target/lib/"
rm -f "$tree/lib/rustlib/$target/lib/"libempty-*.rlib
# Build scripts and procedural macros run here, on the host's own standard library.
host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
ln -s "/usr/lib/rustlib/$host" "$tree/lib/rustlib/$host"
printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$sysroot" > "$tree/bin/rustc"
chmod +x "$tree/bin/rustc"
echo "$version" > "$tree/version"
rm -rf "$sysroot"
mv "$tree" "$sysroot"
