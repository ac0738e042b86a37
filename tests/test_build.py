"""The build: each wrong variable is one clear line; a change rebuilds what depends on it;
the same inputs give the same image."""

import os
import re
import shutil
import subprocess

import pytest
from serval import paths

pytestmark = pytest.mark.makes
BOARD = "qemu_virt_aarch64"     # the default: what is tested for does not depend on it
LISTED = "`make help-variables` lists them"


def make(*arguments, environment=None, folder=paths.TOP):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "MICROKIT_", "BUILD_DIR"))}
    return subprocess.run(["make", "--no-print-directory", "-C", str(folder), *map(str, arguments)],
                          stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False,
                          env={**clean, **(environment or {})})


def hello(out, *arguments):
    """Builds hello into `out`; returns what make did, one step a line."""
    done = make("hello", f"CACHE_DIR={paths.CACHE}", f"BUILD_DIR={out}", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.split() for line in done.stdout.splitlines() if line.startswith("  ")]


@pytest.fixture(name="sdk", scope="module")
def fixture_sdk(tmp_path_factory):
    """A copy of our SDK, as a stranger would have one: a path, a VERSION, no source behind it."""
    assert make("sdk", f"CACHE_DIR={paths.CACHE}").returncode == 0
    sdk = tmp_path_factory.mktemp("sdk") / "microkit-sdk"
    shutil.copytree(paths.CACHE / "sdk", sdk)
    for board in (sdk / "board").iterdir():     # of earlier runs
        if board.name != BOARD:
            shutil.rmtree(board)
    (sdk / "VERSION").write_text("1.4.1\n")
    return sdk


@pytest.mark.parametrize("arguments, message", [
    *[([f"{wrong}=1"], f"{wrong} is no variable of this build (a misspelling of {right}?): {LISTED}")
      for wrong, right in [("MICROKTI_BOARD", "MICROKIT_BOARD"), ("NFS_SEVRER", "NFS_SERVER"),
                           ("WEBSITE_FRESHMS", "WEBSITE_FRESH_MS"), ("HTTPPORT", "HTTP_PORT"), ("TEST", "TESTS")]],
    (["COLOUR=1"], f"COLOUR is no variable of this build: {LISTED}"),
    (["MICROKIT_BOARD=toaster"], f"MICROKIT_BOARD='toaster' is unknown. There are: {' '.join(paths.BOARDS)}"),
    (["MICROKIT_BOARD="], "MICROKIT_BOARD is empty"),
    (["MICROKIT_CONFIG=fast"], "MICROKIT_CONFIG='fast' is unknown. There are: debug release benchmark"),
    (["MICROKIT_SDK=/nowhere"], "MICROKIT_SDK='/nowhere' is no Microkit SDK: it has no bin/microkit"),
    (["BUILD_DIR=a b"], "BUILD_DIR='a b': a path with white space cannot be used"),
])
def test_wrong_variable_is_one_line(arguments, message):
    done = make("hello", *arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("mk/") and done.stderr.endswith(f": *** {message}.  Stop.\n")
    assert done.stderr.count("\n") == 1 and done.stdout == ""


@pytest.mark.parametrize("goal", ["hello.qemu", "run"])
def test_board_without_a_model_in_qemu(goal):
    done = make(goal, "MICROKIT_BOARD=odroidc4")
    assert done.returncode == 2
    assert done.stderr.endswith(": *** no QEMU has a model of odroidc4: docs/odroidc4.md tells how the board boots "
                                "what `make NAME` builds.  Stop.\n")
    assert done.stderr.count("\n") == 1 and done.stdout == ""


def test_misspelling_in_the_environment_is_found():
    done = make("hello", environment={"MICROKTI_BOARD": "odroidc4"})
    assert done.returncode == 2 and "(a misspelling of MICROKIT_BOARD?)" in done.stderr


@pytest.fixture(name="other")
def fixture_other(sdk, tmp_path):
    """One that may be spoilt."""
    return shutil.copytree(sdk, tmp_path / "sdk")


def refused(sdk, says):
    done = make("hello", f"MICROKIT_SDK={sdk}")
    assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.endswith(f": *** MICROKIT_SDK='{sdk}' {says}.  Stop.\n")


def test_sdk_without_the_board(other):
    (other / "board" / BOARD).rename(other / "board" / "toaster")
    refused(other, f"has no board {BOARD}. It has: toaster")
    (other / "board" / BOARD).write_text("no folder")
    refused(other, f"has no board {BOARD}. It has: toaster")
    shutil.rmtree(other / "board")
    refused(other, f"has no board {BOARD}. It has: none")


def test_sdk_without_the_config(other):
    shutil.rmtree(other / "board" / BOARD / "release")
    (other / "board" / BOARD / "example").mkdir()        # official SDKs 1.x have one beside their configs
    refused(other, f"has no config release for {BOARD}. It has: benchmark debug")
    (other / "board" / BOARD / "release").write_text("no folder")
    refused(other, f"has no config release for {BOARD}. It has: benchmark debug")


@pytest.mark.parametrize("version", ["3.0.0", "0.9", "2", "", "12.0", "v2.0.1", "2.0.1 2.1.0", "2.0.1;id", "$(shell id)"])
def test_sdk_of_an_unknown_version(other, version):
    (other / "VERSION").write_text(f"{version}\n")
    refused(other, f"is of version '{version}', which is unknown. There are: 1.4.1 2.x")


@pytest.mark.parametrize("files", [["include/microkit.h"], ["lib/libmicrokit.a"], ["lib/microkit.ld"], ["elf/loader.elf"],
                                   ["lib/libmicrokit.a", "elf/loader.elf"]], ids=lambda files: files[-1])
def test_sdk_that_is_half_built(other, files):
    folder = other / "board" / BOARD / "release"
    for file in files:
        (folder / file).unlink()
    refused(other, f"is half built: for {BOARD} in release it has no {' '.join(files)}")
    for file in files:
        (folder / file).touch()
    refused(other, f"is half built: for {BOARD} in release it has no {' '.join(files)}")
    for file in files:
        (folder / file).unlink()
        (folder / file).mkdir()
    refused(other, f"is half built: for {BOARD} in release it has no {' '.join(files)}")


def test_sdk_without_a_kernel(other):
    """Ours and the official one have different names for it."""
    folder = other / "board" / BOARD / "release" / "elf"
    (folder / "kernel.elf").rename(folder / "sel4.elf")
    assert make("hello.scr", "--dry-run", f"MICROKIT_SDK={other}", f"CACHE_DIR={paths.CACHE}").returncode == 0
    (folder / "sel4.elf").unlink()
    refused(other, f"is half built: for {BOARD} in release it has no elf/sel4.elf")


def test_sdk_without_its_tool(other):
    tool = other / "bin" / "microkit"
    tool.chmod(0o644)
    refused(other, "is half built: its bin/microkit is no program")
    tool.unlink()
    refused(other, "is no Microkit SDK: it has no bin/microkit")


def test_foreign_sdk_builds_in_its_dialect(sdk, tmp_path):
    hello(tmp_path, f"MICROKIT_SDK={sdk}")
    text = (tmp_path / "hello" / "hello.system").read_text()
    ends = [line for line in text.splitlines() if "<end" in line]
    assert ends and not any("pp=" in line for line in ends)
    assert (tmp_path / "hello.img").stat().st_size > 0


def test_help_makes_nothing(tmp_path):
    done = make(f"CACHE_DIR={tmp_path}/cache", f"BUILD_DIR={tmp_path}/build")
    assert done.returncode == 0 and "make run" in done.stdout and not list(tmp_path.iterdir())


def test_nothing_to_do_the_second_time(tmp_path):
    assert hello(tmp_path)
    assert hello(tmp_path) == []


def test_a_folder_in_another_spelling_is_the_same_folder(tmp_path):
    """Flags name folders; run.py and the tests spell CACHE_DIR from the root, a user from the top."""
    hello(tmp_path)
    for cache in (os.path.relpath(paths.CACHE, paths.TOP), f"{paths.CACHE}/", f"{paths.CACHE}//../{paths.CACHE.name}"):
        assert hello(f"{tmp_path}//.", f"CACHE_DIR={cache}") == []


def test_a_goal_may_be_spelt_from_the_root(tree):
    """As an example's Makefile does for its picture; the folder lies in the tree, where its own spelling is another."""
    done = make("graph", f"CACHE_DIR={paths.CACHE}", folder=tree / "examples" / "hello")
    assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
    assert (tree / "examples" / "hello" / "build" / "hello" / "hello.svg").is_file()
    done = make(f"{tree}/build/hello/hello.none", f"CACHE_DIR={paths.CACHE}", folder=tree)
    assert done.returncode and "No rule to make target" in done.stderr


@pytest.mark.parametrize("system, folder", [("python", "examples/python/files"),
                                            ("fileio_mem", "examples/fileio/files")])
def test_files_of_an_image_that_come_go_and_change(tmp_path, tree, system, folder):
    """Also with names that no makefile could hold, and with a time that is older than the image."""
    out = tmp_path / "out"

    def files():
        done = make(f"{out}/{system}/{system}.mk", f"CACHE_DIR={paths.CACHE}", f"BUILD_DIR={out}", folder=tree)
        assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
        return "COMPOSE" in done.stdout, (out / system / "memfs.files.h").read_text()

    assert files()[0] and not files()[0]
    odd = tree / folder / "sub: $(x) 100%" / "a#b 'c' ~*.txt"
    odd.parent.mkdir()
    odd.write_text("one")
    done, text = files()
    assert done and "a#b 'c' ~*.txt" in text
    odd.write_text("two")
    os.utime(odd, (1, 1))
    done, changed = files()
    assert done and changed != text
    assert not files()[0]
    odd.unlink()
    done, text = files()
    assert done and "a#b" not in text
    odd.parent.rmdir()
    assert files()[0] and not files()[0]


def test_a_build_folder_that_looks_like_an_option_or_a_home(tree):
    for build in ("-x", "./~x"):
        done = make("hello", f"BUILD_DIR={build}", f"CACHE_DIR={paths.CACHE}", "--dry-run", folder=tree)
        assert done.returncode == 0 and f" {tree}/{os.path.basename(build)}/hello.img" in done.stdout, done.stderr
        assert (tree / build / "hello" / "hello.mk").exists()


def test_same_inputs_same_image(tmp_path):
    """Elsewhere, with objects of its own."""
    hello(tmp_path / "a")
    hello(tmp_path / "b", f"CACHE_DIR={tmp_path}/cache")
    for name in ("hello.img", "hello.report.txt"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_configs_differ(tmp_path):
    images = set()
    for config in ("debug", "release"):
        hello(tmp_path / config, f"MICROKIT_CONFIG={config}")
        images.add((tmp_path / config / "hello.img").read_bytes())
    assert len(images) == 2


def test_changed_config_compiles_nothing_twice(tmp_path):
    """Objects of both configs stay: switching back links and packs, no more."""
    for config in ("debug", "release"):
        hello(tmp_path, f"MICROKIT_CONFIG={config}")
    steps = {(step[0], os.path.basename(step[1])) for step in hello(tmp_path, "MICROKIT_CONFIG=debug")}
    assert not {name for kind, name in steps if kind == "CC" and not name.endswith(".config.c")}
    assert ("IMAGE", "hello.img") in steps


@pytest.fixture(name="tree")
def fixture_tree(tmp_path):
    """A copy of the sources, to be changed."""
    folder = tmp_path / "tree"
    shutil.copytree(paths.TOP, folder, symlinks=True,
                    ignore=shutil.ignore_patterns("build", ".git", "src", "__pycache__"))
    (folder / "third_party" / "src").symlink_to(paths.TOP / "third_party" / "src")
    return folder


def test_an_edit_of_what_is_frozen_in_is_noticed():
    """Each module of ours that the manifest names is one that make compares."""
    manifest = (paths.TOP / "python" / "manifest.py").read_text()
    named = re.findall(r'^module\("(.+?)", base_path="\$\(PORT_DIR\)"', manifest, re.M)
    rules = make("-pq", "help", f"CACHE_DIR={paths.CACHE}").stdout
    needed = re.search(r"^\S*/python_webserver\.frozen/frozen_content\.c: (.*)$", rules, re.M)[1].split()
    assert named and {f"python/{module}" for module in named} | {"examples/webserver/webserver.py"} <= set(needed)


def test_two_trees_with_one_cache_freeze_each_its_own(tmp_path, tree):
    """What is frozen in lies in the cache; whose it is has to be told there."""
    manifest = tmp_path / "cache" / "obj" / f"own-{BOARD}-release" / "python_webserver.frozen" / "manifest.py"
    for top, other in ((paths.TOP, tree), (tree, paths.TOP)):
        done = make(manifest, f"CACHE_DIR={tmp_path}/cache", f"BUILD_DIR={tmp_path}/out", folder=top)
        assert done.returncode == 0, done.stderr
        assert f"'{top}/examples/webserver'" in manifest.read_text() and f"'{other}/" not in manifest.read_text()


def test_mistake_in_a_description_is_one_line_and_mended_by_its_correction(tmp_path, tree):
    """make stops at once, and builds when the mistake is gone."""
    script = tree / "examples" / "hello" / "hello.py"
    good = script.read_text()
    script.write_text(good.replace("s = System.from_args()", "s = System.from_args()\ns.board.device('floppy')", 1))
    line = 1 + script.read_text()[:script.read_text().index("s.board.device('floppy')")].count("\n")
    arguments = ("hello", f"CACHE_DIR={paths.CACHE}", f"BUILD_DIR={tmp_path}/out")
    done = make(*arguments, folder=tree)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == (f"examples/hello/hello.py:{line}: error: unknown device 'floppy'; board "
                                           f"{BOARD} has: rtc, timer, uart, virtio_net, virtio_rng")
    assert len(done.stderr.splitlines()) == 2
    script.write_text(good)
    assert make(*arguments, folder=tree).returncode == 0


def test_program_without_a_rule_is_named_and_mended(tmp_path, tree):
    script = tree / "examples" / "hello" / "hello.py"
    good = script.read_text()
    script.write_text(good.replace('program="hello_adder"', 'program="hello_addr"'))
    arguments = ("hello", f"CACHE_DIR={paths.CACHE}", f"BUILD_DIR={tmp_path}/out")
    done = make(*arguments, folder=tree)
    assert done.returncode == 2
    assert ("examples/hello/hello.py: PD 'adder' runs program 'hello_addr', but no component's .mk file names it"
            in done.stderr.splitlines())
    script.write_text(good)
    assert make(*arguments, folder=tree).returncode == 0


@pytest.mark.parametrize("program, rules", [("http_parse_chunk/http_parse_chunk", "http/http.mk"),
                                            ("fuzz/fuzz_http_chunk", "tests/fuzz/fuzz.mk")])
def test_a_source_that_leaves_a_list_is_linked_no_more(tmp_path, tree, program, rules):
    """Else a build that has been made before hides that a new one cannot be made."""
    target = tmp_path / "cache" / "obj" / "host" / program
    arguments = (target, f"CACHE_DIR={tmp_path}/cache", f"BUILD_DIR={tmp_path}/out")
    done = make(*arguments, folder=tree)
    assert done.returncode == 0, done.stderr
    text = (tree / rules).read_text()
    without = re.sub(r"(http_(?:parse_)?chunk,.*http/parse/chunk\.c) http/parse/text\.c", r"\1", text)
    assert without != text
    (tree / rules).write_text(without)
    done = make(*arguments, folder=tree)
    (tree / rules).write_text(text)
    assert done.returncode == 2 and "undefined reference" in done.stdout + done.stderr
