#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Unpacks Cockpit 337 of Debian's bookworm-backports beside the installed 287, for the tests
# that run the page under the Python bridge. The system's package sources and its installed
# packages stay as they are: apt works on a private configuration in the cache.
#
# Prints the folder. It is laid out like /: usr/lib/cockpit/cockpit-ws,
# usr/lib/python3/dist-packages, usr/share/cockpit.
set -eu

cache=${XDG_CACHE_HOME:-$HOME/.cache}/cockpit-images
tree=$cache/cockpit-337
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}

if [ -e "$tree/.complete" ]; then
    echo "$tree"
    exit 0
fi

echo "setup: unpacking Cockpit 337 into $tree" >&2
mkdir -p "$cache"
work=$(mktemp -d "$cache/cockpit-337.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/parts" "$work/debs" "$work/tree"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror bookworm-backports main" \
    > "$work/sources.list"
# The private dpkg status is empty: apt then offers the packages whatever is installed here.
: > "$work/status"

# Apt's unprivileged download user may not enter a home directory, so root stays root.
private() {
    apt-get -qq \
        -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts="$work/parts" \
        -o Dir::State::Lists="$work/lists" -o Dir::State::Status="$work/status" \
        -o Dir::Cache::Archives="$work/archives" \
        -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o APT::Sandbox::User="$(id -un)" "$@"
}
private update
(
    cd "$work/debs"
    private download cockpit-bridge/bookworm-backports cockpit-system/bookworm-backports \
        cockpit-ws/bookworm-backports
    for deb in *.deb; do
        dpkg-deb --extract "$deb" "$work/tree"
    done
)

bridge=$work/tree/usr/lib/python3/dist-packages/cockpit/bridge.py
[ -e "$bridge" ] && [ -x "$work/tree/usr/lib/cockpit/cockpit-ws" ] || {
    echo "setup: the unpacked Cockpit lacks its bridge or its server" >&2
    exit 1
}
(cd "$work/debs" && ls) > "$work/tree/.complete"
rm -rf "$tree"
mv "$work/tree" "$tree"
echo "$tree"
