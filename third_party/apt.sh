# apt.sh: for the scripts that fetch by apt: which mirrors this machine is configured for, and apt with private state on
# them. Nothing under /etc/apt or /var/lib/apt is changed, and it works as root or not.
#
# Whatever Debian or Ubuntu release the machine has: an entry of apt is the distribution's where its suite is named as the
# release is in OS_RELEASE, or as Debian names its suites. What others serve under such a name, the distribution's key
# does not open.

os_release=${OS_RELEASE:-/etc/os-release}

# A derivative says the codename of what it is made of, too, and that is what its packages are taken from.
says() { sed -n "s/^$1_CODENAME=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "$os_release" 2>/dev/null || true; }
is_ubuntu() { [ -n "$(says UBUNTU)" ]; }
codenames() {
    for from in UBUNTU DEBIAN VERSION; do
        [ -z "$(says $from)" ] || { says $from; break; }
    done
    is_ubuntu || echo stable oldstable testing unstable sid
}

# The distribution's own entries, `MIRROR SUITE`; `--print-uris` knows them also where no index was ever fetched.
entries() {
    apt-get update --print-uris 2>/dev/null | sed -n "s|^'\(.*\)/dists/\([^/]*\)/InRelease'.*|\1 \2|p" |
        awk -v names="$(codenames | tr '\n' ' ')" '{ base = $2; sub(/-(security|updates|backports|proposed-updates|proposed)$/, "", base) }
            index(" " names, " " base " ") && !seen[$0]++'
}

# Debian's mirrors have all of its releases, those of security fixes lie apart: `MIRROR SUITE` for release $1.
debian_release() {
    is_ubuntu || entries | awk -v r="$1" '{ suite = $2 ~ /-security$/ ? r "-security" : r } !seen[$1 suite]++ { print $1, suite }'
}

keyring() { # newer releases name it .pgp
    is_ubuntu && key=/usr/share/keyrings/ubuntu-archive-keyring || key=/usr/share/keyrings/debian-archive-keyring
    [ ! -e $key.gpg ] && [ -e $key.pgp ] && echo $key.pgp || echo $key.gpg
}

# `MIRROR SUITE` on stdin as lines of a sources.list: apt_lines deb|deb-src COMPONENTS.
apt_lines() {
    while read -r mirror suite; do
        echo "$1 [signed-by=$(keyring)] $mirror $suite $2"
    done
}

# private_apt FOLDER ARCHITECTURE, empty for the machine's: FOLDER/sources.list is what apt knows from here on, and
# nothing is installed for it.
private_apt() {
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
    : >"$1/status"
    cat >"$1/apt.conf" <<CONF
Dir::Etc::SourceList "$1/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$1/lists";
Dir::State::status "$1/status";
Dir::Cache "$1/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "";
Acquire::Retries "3";
Acquire::Languages "none";
CONF
    [ -z "${2:-}" ] || printf 'APT::Architecture "%s";\nAPT::Architectures { "%s"; };\n' "$2" "$2" >>"$1/apt.conf"
    export APT_CONFIG="$1/apt.conf"
}
