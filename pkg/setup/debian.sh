#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs the Debian packages that building and testing need and that are missing, and those that
# are named.
# Says nothing and starts no apt when all of them are there.
set -eu

# npm is looked for as a command: Debian's package and other builds of Node.js exclude each other.
packages='ca-certificates chromium chromium-driver cockpit-bridge cockpit-system cockpit-ws
    curl dbus docker-registry gcc libc6-dev skopeo'
packages="$packages $*"

missing=
for package in $packages; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
command -v npm >/dev/null || missing="$missing npm"

[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    as_root=sudo
    command -v sudo >/dev/null || {
        echo "setup: these packages are missing, ask an administrator to install them:$missing" >&2
        exit 1
    }
fi

echo "setup: installing$missing"
case "$missing" in
*cockpit-ws*) echo 'setup: where systemd runs, Debian then serves Cockpit on port 9090, too;' \
    '"systemctl disable --now cockpit.socket" ends that' ;;
esac
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -q update
# shellcheck disable=SC2086 # a list of words
$as_root apt-get -q install --yes --no-install-recommends $missing
