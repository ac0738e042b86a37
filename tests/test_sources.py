"""Third-party sources on any machine: which mirrors are asked where apt has which release, what comes from SOURCES_DIR, and
what is said of what can be had nowhere. apt is a stand-in here, which logs what it is asked."""

import hashlib
import os
import shutil
import subprocess
import tarfile

import pytest
from serval import paths

FETCH = paths.TOP / "third_party"
DEBIAN = "ID=debian\nVERSION_CODENAME={}\n"
UBUNTU = 'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME={0}\nUBUNTU_CODENAME={0}\n'
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n'

# `source` leaves a file only if the list of sources is there by which it was found.
APT_GET = """#!/bin/sh
case "$*" in
"update --print-uris")
    while read -r mirror suite; do
        echo "'$mirror/dists/$suite/InRelease' ${suite}_InRelease 0 "
        echo "'$mirror/dists/$suite/main/binary-amd64/Packages.xz' ${suite}_Packages 0 "
    done <"$FAKE/entries" ;;
*update) here=$(dirname "$APT_CONFIG"); cp "$here/sources.list" "$FAKE/asked"; touch "$here/lists/mirror_Sources" ;;
*source*) cp "$FAKE/pool/"* . ;;
*) exit 100 ;;
esac
"""
APT_CACHE = """#!/bin/sh
cat "$FAKE/showsrc"
"""


class Machine:
    """Its apt knows `entries`, its mirror holds the files of `pool` as version 1.0-7 of every package."""

    def __init__(self, folder):
        self.folder, self.programs = folder, folder / "programs"
        self.files = {}
        for name in ("programs", "pool", "brought"):
            (folder / name).mkdir(parents=True)
        for name, text in (("entries", ""), ("showsrc", ""), ("os-release", DEBIAN.format("bookworm"))):
            (folder / name).write_text(text)
        self.program("apt-get", APT_GET)
        self.program("apt-cache", APT_CACHE)
        for name in ("bell_1.0+ds.orig.tar.xz", "book_2.1.orig.tar.gz"):
            self.tarball(name)
        self.pins = folder / "PINS"
        self.pins.write_text("".join(f"{digest} {name} {name.split('_')[0]} {name.split('_')[0]} what for\n"
                                     for name, digest in self.files.items()))

    def program(self, name, text):
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def tarball(self, name):
        source = self.folder / "source"
        source.mkdir(exist_ok=True)
        (source / "file").write_text(name)
        with tarfile.open(self.folder / "pool" / name, f"w:{name.rpartition('.')[2]}") as tar:
            tar.add(source, "source")
        self.files[name] = hashlib.sha256((self.folder / "pool" / name).read_bytes()).hexdigest()

    def has(self, system, *entries):
        (self.folder / "os-release").write_text(system)
        (self.folder / "entries").write_text("".join(f"{entry}\n" for entry in entries))

    def publish(self):
        (self.folder / "showsrc").write_text("".join(
            f"Version: 1.0-7\nChecksums-Sha256:\n {digest} 100 {name}\n" for name, digest in self.files.items()))

    def bring(self, *names):
        for name in names or self.files:
            shutil.copy(self.folder / "pool" / name, self.folder / "brought")
        return {"SOURCES_DIR": str(self.folder / "brought")}

    def run(self, script, *arguments, **environment):
        path = environment.pop("PATH", f"{self.programs}:{os.environ['PATH']}")
        return subprocess.run([script, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                              env={"PATH": path, "HOME": str(self.folder), "FAKE": str(self.folder), "PINS": str(self.pins),
                                   "OS_RELEASE": str(self.folder / "os-release"), **environment})

    def fetch(self, **environment):
        return self.run(FETCH / "fetch", self.folder / "src", **environment)

    def unpacked(self):
        return {path.parent.name: path.read_text() for path in (self.folder / "src").glob("*/file")}

    def asked(self):
        return (self.folder / "asked").read_text().splitlines() if (self.folder / "asked").exists() else None


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def deb_src(key, *entries):
    return [f"deb-src [signed-by=/usr/share/keyrings/{key}-archive-keyring.gpg] {entry}" for entry in entries]


ALL = {"bell": "bell_1.0+ds.orig.tar.xz", "book": "book_2.1.orig.tar.gz"}


@pytest.mark.parametrize("system, entries, asked", [
    (DEBIAN.format("bookworm"), ["http://m/debian bookworm", "http://m/debian bookworm-updates", "http://m/sec bookworm-security"],
     ["http://m/debian trixie main", "http://m/sec trixie-security main"]),
    (DEBIAN.format("trixie"), ["http://m/debian trixie", "http://m/sec trixie-security"],
     ["http://m/debian trixie main", "http://m/sec trixie-security main"]),
    (DEBIAN.format("forky"), ["http://m/debian testing"], ["http://m/debian trixie main"]),
    (DEBIAN.format("forky"), ["http://m/debian sid"], ["http://m/debian trixie main"]),
    ("", ["http://m/debian stable", "http://m/sec stable-security"],
     ["http://m/debian trixie main", "http://m/sec trixie-security main"]),
    # Others' entries: some have a suite of that name, and are asked, but not believed.
    (DEBIAN.format("bookworm"), ["http://c/apt cloud-bookworm", "http://n/node nodistro", "http://d/deb bookworm", "http://m/debian bookworm"],
     ["http://d/deb trixie main", "http://m/debian trixie main"]),
], ids=["12", "13", "testing", "sid", "stable", "others"])
def test_debian_of_any_release(machine, system, entries, asked):
    machine.has(system, *entries)
    machine.publish()
    done = machine.fetch()
    assert done.returncode == 0 and done.stderr == "", done.stderr
    assert machine.asked() == deb_src("debian", *asked)
    assert machine.unpacked() == ALL and "bell (1.0-7)" not in done.stdout
    assert "  FETCH\tbell_1.0+ds.orig.tar.xz (bell 1.0-7)\n" in done.stdout


@pytest.mark.parametrize("system", [UBUNTU.format("noble"), MINT], ids=["ubuntu", "mint"])
def test_ubuntu_of_any_release(machine, system):
    machine.has(system, "http://p/mint wilma", "http://u/ubuntu noble", "http://u/ubuntu noble-updates", "http://s/ubuntu noble-security")
    machine.publish()
    done = machine.fetch()
    assert done.returncode == 0 and machine.unpacked() == ALL, done.stderr
    assert machine.asked() == deb_src("ubuntu", "http://u/ubuntu noble main universe", "http://u/ubuntu noble-updates main universe",
                                      "http://s/ubuntu noble-security main universe")


def to_bring(machine, *names, there=""):
    return [f"  {name}  SHA-256 {machine.files[name]}  Debian's source package {name.split('_')[0]} "
            f"{name.split('_')[1].partition('.orig')[0]}{there}" for name in names]


def test_without_a_release_all_is_listed_at_once(machine):
    machine.has(DEBIAN.format("bookworm"), "http://c/apt cloud-bookworm")
    done = machine.fetch()
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and lines[0] == ("third_party/fetch: this machine's apt has no entry for a Debian or Ubuntu release, so "
                                                 "there is no mirror to ask. To be brought:")
    assert lines[1:3] == to_bring(machine, *machine.files)
    assert lines[3].startswith("  aws-lc-sys-") and lines[3].endswith(", for HTTPS, where there is no cargo")
    assert lines[4:] == ["Put them into a folder and name it, SOURCES_DIR=FOLDER; third_party/README.md says where they are."]
    assert machine.asked() is None and machine.unpacked() == {}


def without(machine, *names):
    """A PATH that has all but these."""
    folder = machine.folder / "path"
    folder.mkdir()
    for part in reversed(os.environ["PATH"].split(":")):
        for program in os.scandir(part) if os.path.isdir(part) else ():
            if program.name not in names:
                (folder / program.name).unlink(missing_ok=True)
                (folder / program.name).symlink_to(program.path)
    return str(folder)


def test_another_system_altogether(machine):
    done = machine.fetch(PATH=without(machine, "apt-get", "apt-cache"), OS_RELEASE="/nowhere")
    assert done.returncode == 1 and done.stderr.startswith("third_party/fetch: this machine has no apt. To be brought:\n  bell_")


def test_a_mirror_without_the_pinned_versions_says_which_it_has(machine):
    machine.has(UBUNTU.format("noble"), "http://u/ubuntu noble")
    (machine.folder / "showsrc").write_text("Version: 0.9-1\n")
    done = machine.fetch()
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[0] == "third_party/fetch: this machine's mirrors have no version that carries what is pinned. To be brought:"
    assert lines[1:3] == to_bring(machine, *machine.files, there=" (the mirror has: 0.9-1)")


def test_all_brought(machine):
    """Without any apt; and then they are there, wherever they came from."""
    path = without(machine, "apt-get", "apt-cache")
    brought = machine.bring()
    done = machine.fetch(PATH=path, **brought)
    assert done.returncode == 0 and done.stderr == "" and machine.unpacked() == ALL
    assert done.stdout.startswith(f"  SOURCE\t{brought['SOURCES_DIR']}/bell_1.0+ds.orig.tar.xz\n")
    done = machine.fetch(PATH=path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_some_brought_the_rest_fetched(machine):
    machine.has(DEBIAN.format("trixie"), "http://m/debian trixie")
    machine.publish()
    done = machine.fetch(**machine.bring("book_2.1.orig.tar.gz"))
    assert done.returncode == 0 and machine.unpacked() == ALL
    assert "FETCH\tbell_" in done.stdout and "FETCH\tbook_" not in done.stdout


def test_some_brought_the_rest_listed(machine):
    done = machine.fetch(**machine.bring("book_2.1.orig.tar.gz"))
    assert done.returncode == 1 and [line for line in done.stderr.splitlines() if line.startswith("  b")] == to_bring(
        machine, "bell_1.0+ds.orig.tar.xz")


def test_a_wrong_file_is_one_line(machine):
    """Each; no mirror is asked for another."""
    machine.has(DEBIAN.format("trixie"), "http://m/debian trixie")
    machine.publish()
    brought = machine.bring()
    for name in machine.files:
        (machine.folder / "brought" / name).write_text("<html>")
    done = machine.fetch(**brought)
    digest = hashlib.sha256(b"<html>").hexdigest()
    assert done.returncode == 1 and done.stdout == "" and machine.asked() is None and machine.unpacked() == {}
    assert done.stderr == "".join(f"third_party/fetch: {brought['SOURCES_DIR']}/{name} has SHA-256 {digest}; third_party/PINS pins {pin}\n"
                                  for name, pin in machine.files.items())


@pytest.mark.parametrize("script, arguments", [("fetch", ["src"]), ("fetch-python", ["src"]), ("fetch-crate", ["awslc", "src", "programs"])])
def test_no_folder_is_one_line(machine, script, arguments):
    done = machine.run(FETCH / script, *[machine.folder / word if word != "awslc" else word for word in arguments], SOURCES_DIR="/nowhere")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"third_party/{script}: SOURCES_DIR='/nowhere' is no folder\n")


def test_no_folder_is_one_line_of_make():
    done = subprocess.run(["make", "-C", paths.TOP, "--no-print-directory", "submodules", "SOURCES_DIR=/nowhere"], capture_output=True,
                          text=True, check=False, env={k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))})
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.endswith(": *** SOURCES_DIR='/nowhere' is no folder.  Stop.\n")


@pytest.fixture
def crate(machine):
    """A crate, and no cargo that could fetch it."""
    name = "chime-1.2.0.crate"
    machine.tarball("chime_1.2.0.orig.tar.gz")
    (machine.folder / "pool" / "chime_1.2.0.orig.tar.gz").rename(machine.folder / "pool" / name)
    digest = machine.files.pop("chime_1.2.0.orig.tar.gz")
    (machine.folder / "CRATES").write_text(f"{digest} chime 1.2.0 chime what for\n")
    path = f"{machine.programs}:{without(machine, 'cargo')}"

    def fetch(**environment):
        return machine.run(FETCH / "fetch-crate", "chime", machine.folder / "src", machine.folder / "fetched", PATH=path,
                           CRATES=str(machine.folder / "CRATES"), **environment)
    return name, digest, fetch


def test_a_crate_that_cannot_be_fetched_is_listed(crate):
    name, digest, fetch = crate
    done = fetch()
    assert done.returncode == 1 and done.stderr.splitlines()[-3:] == [
        "third_party/fetch-crate: no cargo of 1.70 or later is here, and the distribution's could not be had. To be brought:",
        f"  {name}  SHA-256 {digest}  crate chime 1.2.0",
        "Put them into a folder and name it, SOURCES_DIR=FOLDER; third_party/README.md says where they are."]
    assert "has no entry for a release of Debian" in done.stderr


def test_a_crate_that_is_brought(machine, crate):
    name, digest, fetch = crate
    brought = machine.bring(name)
    (machine.folder / "brought" / name).write_text("else")
    done = fetch(**brought)
    found = hashlib.sha256(b"else").hexdigest()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"third_party/fetch-crate: {brought['SOURCES_DIR']}/{name} has SHA-256 {found}; third_party/CRATES pins {digest}\n"
    machine.bring(name)
    done = fetch(**brought)
    assert done.returncode == 0 and done.stderr == "" and "chime" in machine.unpacked()


def test_python_packages_that_cannot_be_fetched_are_listed(machine):
    """The stand-in for Python is a pip that has what lies in a folder, and nothing else."""
    machine.program("python3", '#!/bin/sh\necho "$*" >>"$FAKE/pip"\ncase $* in\n*--find-links*) ;;\n*) echo "no index" >&2; exit 1 ;;\nesac\n'
                    'while [ "$1" != --target ]; do shift; done\n'
                    'mkdir -p "$2/microdot" "$2/microdot-1.dist-info/licenses"; touch "$2/microdot-1.dist-info/licenses/LICENSE"\n')
    done = machine.run(FETCH / "fetch-python", machine.folder / "src")
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert lines[:2] == ["no index", "third_party/fetch-python: pip could not get these (its words are above). To be brought:"]
    pins = [line for line in (FETCH / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) == len(pins) + 3 and "  SHA-256 1e9b7b825372e1ba" in next(line for line in lines if "microdot-2.7.0" in line)
    done = machine.run(FETCH / "fetch-python", machine.folder / "src", **machine.bring())
    assert done.returncode == 0 and done.stderr == "" and (machine.folder / "src" / "microdot" / "LICENSE").exists()


@pytest.mark.parametrize("script, arguments", [("third_party/fetch-program", ["aria2", "programs"]),
                                               ("boards/odroidc4/fetch-dtb", ["board.dtb"])])
@pytest.mark.parametrize("system", [DEBIAN.format("bookworm"), UBUNTU.format("noble")], ids=["none", "ubuntu"])
def test_what_only_debian_has(machine, script, arguments, system):
    """Exit status 3: who asks does without, and says so."""
    machine.has(system, *["http://u/ubuntu noble"] if system != DEBIAN.format("bookworm") else [])
    done = machine.run(paths.TOP / script, *[word if word == "aria2" else machine.folder / word for word in arguments])
    assert done.returncode == 3
    assert done.stderr.endswith("cannot be had here: this machine's apt has no entry for a release of Debian, so there is no mirror to ask\n")
