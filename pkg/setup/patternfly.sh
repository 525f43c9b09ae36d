#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Fetches the npm packages that pkg/page/package-lock.json pins: patternfly.sh FOLDER
set -eu

page=$(dirname "$0")/../page
folder=$1

cmp -s "$page/package-lock.json" "$folder/package-lock.json" && [ -e "$folder/.complete" ] && exit 0

echo "setup: fetching PatternFly into $folder"
rm -rf "$folder"
mkdir -p "$folder"
cp "$page/package.json" "$page/package-lock.json" "$folder/"
npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --silent
touch "$folder/.complete"
