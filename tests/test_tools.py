"""Where the build's tools come from on whatever system: the names of packages (mk/packages.sh), and what is searched for where
these have put it (mk/find-tools). Package managers are stand-ins here."""

import os
import subprocess

import pytest
from serval import paths

MK = paths.TOP / "mk"


@pytest.fixture
def machine(tmp_path):
    """run(SCRIPT, ..): on a machine that has these programs, given as shell scripts, beside the usual ones without `lacking`."""
    def run(script, *arguments, programs=None, lacking=(), environment=None):
        folder = tmp_path / "path"
        folder.mkdir(exist_ok=True)
        for part in reversed(os.environ["PATH"].split(":")):
            for program in os.scandir(part) if os.path.isdir(part) else ():
                if program.name not in lacking:
                    (folder / program.name).unlink(missing_ok=True)
                    (folder / program.name).symlink_to(program.path)
        for name, text in (programs or {}).items():
            (folder / name).unlink(missing_ok=True)
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)
        return subprocess.run([script, *arguments], stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False,
                              env={"PATH": str(folder), **(environment or {})})
    return run


def found(text):
    return dict(line.split(" := ") for line in text.splitlines())


def test_what_is_searched_for_is_there(machine):
    done = machine(MK / "find-tools")
    assert done.returncode == 0 and done.stderr == ""
    tools = found(done.stdout)
    assert set(tools) == {"PICOLIBC", "LIBC", "LIBGCC", "LIBCXX", "CLANG_TIDY"}
    assert all(os.path.isfile(tools[name]) for name in ("LIBC", "LIBGCC"))
    assert os.path.isfile(f"{tools['PICOLIBC']}/include/stdio.h") and tools["LIBCXX"].endswith("/include/c++/v1")


def test_all_that_is_missing_is_one_line(machine):
    done = machine(MK / "find-tools", lacking={"ld.lld", "llvm-ar", "qemu-system-aarch64"},
                   environment={"PICOLIBC": "/nowhere", "LIBGCC": "/nowhere/libgcc.a"})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("mk/find-tools: this machine lacks ld.lld, llvm-ar, qemu-system-aarch64, include/stdio.h and lib/libc.a in "
                           "PICOLIBC='/nowhere', LIBGCC='/nowhere/libgcc.a'. docs/build.md has the names of packages\n")


def test_what_is_given_is_taken(machine, tmp_path):
    for name in ("include/stdio.h", "lib/libc.a", "libhelpers.a"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    done = machine(MK / "find-tools", lacking={"qemu-system-aarch64"}, environment={
        "PICOLIBC": str(tmp_path), "LIBGCC": f"{tmp_path}/libhelpers.a", "QEMU": "build/programs/qemu"})
    tools = found(done.stdout)
    assert tools["PICOLIBC"] == str(tmp_path) and tools["LIBC"] == f"{tmp_path}/lib/libc.a"
    assert tools["LIBGCC"] == f"{tmp_path}/libhelpers.a"


def test_the_target_compilers_own_helpers_come_first(machine, tmp_path):
    (tmp_path / "libgcc.a").touch()
    done = machine(MK / "find-tools", programs={"aarch64-linux-gnu-gcc": f"echo {tmp_path}/libgcc.a"})
    assert found(done.stdout)["LIBGCC"] == f"{tmp_path}/libgcc.a"


@pytest.mark.parametrize("programs, named", [({}, "clang-tidy-21"), ({"clang-tidy": ":"}, "clang-tidy"),
                                             ({"clang-tidy": ":", "clang-tidy-21": ":"}, "clang-tidy-21")])
def test_clang_tidy_is_that_of_clang(machine, programs, named):
    clang = 'case $1 in\n-dumpversion) echo 21.1.8 ;;\n*) echo /usr/lib/llvm-21/lib/clang/21 ;;\nesac'
    done = machine(MK / "find-tools", programs={"clang": clang, **programs}, lacking={"clang-tidy"})
    tools = found(done.stdout)
    assert tools["CLANG_TIDY"] == named and tools["LIBCXX"] == "/usr/lib/llvm-21/include/c++/v1"


def packages(machine, goal, *, installed="", candidates=None):
    """What packages.sh says to who is not root."""
    query = f'case $* in\n*Version*) ;;\n*) printf "%s installed\\n" {installed} ;;\nesac'
    policy = 'case $2 in\n' + "".join(f'{name}) echo "  Candidate: {version}" ;;\n' for name, version in (candidates or {}).items()) + "esac"
    return machine(MK / "packages.sh", goal, programs={"dpkg-query": query, "apt-cache": policy, "id": "echo 1000"})


@pytest.mark.parametrize("clang, gcc, names", [
    ("1:14.0-55.7~deb12u1", "4:12.2.0-3", {"clang-tidy-14", "libclang-rt-14-dev", "libc++-14-dev", "libgcc-12-dev-arm64-cross"}),
    ("1:19.0-63", "4:14.2.0-1", {"clang-tidy-19", "libclang-rt-19-dev", "libc++-19-dev", "libgcc-14-dev-arm64-cross"}),
    ("1:18.0-59~exp2", "4:13.2.0-7ubuntu1", {"clang-tidy-18", "libclang-rt-18-dev", "libc++-18-dev", "libgcc-13-dev-arm64-cross"}),
], ids=["12", "13", "ubuntu"])
def test_names_have_the_releases_versions(machine, clang, gcc, names):
    done = packages(machine, "test", installed="lld curl", candidates={"clang": clang, "gcc-aarch64-linux-gnu": gcc})
    assert (done.returncode, done.stdout) == (1, "")
    start = "Missing packages. As root: apt-get install --no-install-recommends "
    assert done.stderr.startswith(start) and done.stderr.count("\n") == 1
    named = set(done.stderr[len(start):].split())
    assert names <= named and "clang" in named and not {"lld", "curl"} & named


def test_an_apt_without_an_index_is_one_line(machine):
    done = packages(machine, "build")
    assert (done.returncode, done.stdout, done.stderr) == (
        1, "", "mk/packages.sh: apt has no package clang or gcc-aarch64-linux-gnu. As root: apt-get update\n")


@pytest.mark.skipif(os.getuid() != 0, reason="only root installs packages")
@pytest.mark.parametrize("folder", ["/lib", "/usr/lib"])
def test_no_service_of_a_package_starts_with_the_machine(machine, tmp_path, folder):
    """Nor is a template one, nor another package's."""
    versions = 'case $* in *Version*) echo "installed 1:14.0" ;; *) '
    ours = "".join(f"echo '{line.split()[0]} installed';" for line in (MK / "packages").read_text().splitlines() if line[0] != "#")
    query = f'{versions} {ours.replace("LLVM", "14").replace("GCC", "14")} cat {tmp_path}/more 2>/dev/null; esac'
    names = f"echo {folder}/systemd/system/web.service; echo {folder}/systemd/system/web@.service; echo /usr/sbin/web"
    done = machine(MK / "packages.sh", "fleet", programs={
        "dpkg-query": query.replace("echo 'haproxy installed';", ""), "apt-get": f"echo haproxy installed >{tmp_path}/more",
        "dpkg": names, "systemctl": f'echo "$*" >>{tmp_path}/told'})
    assert done.returncode == 0 and done.stdout == "  APT\thaproxy \n", done.stderr
    assert (tmp_path / "told").read_text() == "disable web.service\n"


def test_another_system_is_told_what_it_needs(machine):
    """... and goes on: it may have it all."""
    done = machine(MK / "packages.sh", "run", lacking={"dpkg-query"})
    assert done.returncode == 0 and done.stderr.count("\n") == 1
    assert done.stderr.startswith("mk/packages.sh: this machine has no dpkg; it needs what these packages of Debian hold: clang lld ")
    assert " nfs-ganesha " in done.stderr and "curl" not in done.stderr
