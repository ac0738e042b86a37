#!/bin/sh
# packages.sh build|run|graph|test: are the Debian packages for it here? As root, install those that are not; else name them.
set -eu
list=$(dirname "$0")/packages
case $1 in
build) uses='build' ;;
run) uses='build|run' ;;
graph) uses='build|graph' ;;
test) uses='build|run|graph|test' ;;
*) echo "packages.sh: $1: build, run, graph or test" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
    echo "mk/packages.sh: this machine has no dpkg; it needs what these Debian 12 packages hold: $(
        awk -v u="^($uses)\$" '$1 !~ /^#/ && $2 ~ u { printf "%s ", $1 }' "$list")" >&2
    exit 0
fi
wanted=$(awk -v u="^($uses)\$" '$1 !~ /^#/ && $2 ~ u { print $1 }' "$list")
installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | awk '$2 == "installed" { print $1 }')
missing=$(printf '%s\n' "$wanted" | grep -vxF "$installed" || true)
[ -n "$missing" ] || exit 0
missing=$(echo $missing)
if [ "$(id -u)" != 0 ]; then
    echo "Missing packages. As root: apt-get install --no-install-recommends $missing" >&2
    exit 1
fi
echo "  APT	$missing"
export DEBIAN_FRONTEND=noninteractive
install() { apt-get -qq install --no-install-recommends -y $missing </dev/null >/dev/null; }
{ apt-get -qq update && install; } || { echo "mk/packages.sh: apt-get could not install: $missing" >&2; exit 1; }
