#!/bin/sh
# packages.sh build|run|compress|graph|boot|gcc|https|lint|gdb|fleet|test: are the Debian packages for it here? As root, install those that are not; else name them.
#
# Some bring system services (nfs-ganesha, and with it rpcbind). Only their programs are wanted: nothing that comes this way
# is started, now or at the next boot.
set -eu
list=$(dirname "$0")/packages
case $1 in
build) uses='build' ;;
run) uses='build|run' ;;
compress) uses='build|compress' ;;
graph) uses='build|graph' ;;
boot) uses='build|boot' ;;
gcc) uses='build|gcc' ;;
https) uses='build|https' ;;
lint) uses='build|lint' ;;
gdb) uses='build|gdb' ;;
fleet) uses='build|run|fleet' ;;
test) uses='build|run|compress|graph|boot|gcc|https|lint|gdb|fleet|test' ;;
*) echo "packages.sh: $1: build, run, compress, graph, boot, gcc, https, lint, gdb, fleet or test" >&2; exit 2 ;;
esac

# Major version of a package: of the one that is installed, else of the one that apt would install.
major() {
    { dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^installed //p' | grep . ||
        apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p'; } | sed -n '1s/^\([0-9]*:\)\{0,1\}\([0-9]*\)\..*/\2/p'
}
wanted() { awk -v u="^($uses)\$" '$1 !~ /^#/ && $2 ~ u { print $1 }' "$list" | sed "s/LLVM/${llvm:-LLVM}/; s/GCC/${gcc:-GCC}/"; }
versions() { llvm=$(major clang) gcc=$(major gcc-aarch64-linux-gnu); }

if ! command -v dpkg-query >/dev/null; then
    llvm= gcc=
    echo "mk/packages.sh: this machine has no dpkg; it needs what these packages of Debian hold: $(wanted | tr '\n' ' ')" >&2
    exit 0
fi
versions
if [ -z "$llvm" ] || [ -z "$gcc" ]; then
    if [ "$(id -u)" = 0 ]; then apt-get -qq update </dev/null >&2 || true; fi
    versions
    [ -n "$llvm" ] && [ -n "$gcc" ] || {
        echo "mk/packages.sh: apt has no package clang or gcc-aarch64-linux-gnu. As root: apt-get update" >&2
        exit 1
    }
fi
installed() { dpkg-query -W -f '${Package} ${db:Status-Status}\n' | awk '$2 == "installed" { print $1 }' | sort -u; }
before=$(installed)
missing=$(wanted | grep -vxF "$before" | tr '\n' ' ' || true)
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    echo "Missing packages. As root: apt-get install --no-install-recommends $missing" >&2
    exit 1
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
own_policy=
finish() {
    [ -z "$own_policy" ] || rm -f "$policy"
    rm -f "$log"
}
trap finish EXIT
trap 'exit 130' INT TERM
if [ ! -e "$policy" ]; then
    own_policy=yes
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi

echo "  APT	$missing"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get -qq update && apt-get -qq install -o DPkg::Lock::Timeout=600 --no-install-recommends -y $missing; } </dev/null >"$log" 2>&1
then
    cat "$log" >&2
    echo "mk/packages.sh: apt-get could not install: $missing" >&2
    exit 1
fi

for package in $(installed | grep -vxF "$before"); do
    for unit in $(dpkg -L "$package" | sed -nE 's#^(/usr)?/lib/systemd/system/([^@/]*\.(service|socket))$#\2#p'); do
        systemctl disable "$unit" >/dev/null 2>&1 || true
    done
done
