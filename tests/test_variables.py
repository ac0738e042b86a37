"""Values of the build's variables: what a user writes arrives as it is, whatever characters it has, by whichever way it
comes; a change is noticed; what cannot be supported is one clear line."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
from serval import build, paths
from serval.qemu import needs_machine

sys.path.insert(0, str(paths.TOP / "mk"))
import variables  # noqa: E402

pytestmark = pytest.mark.makes
# Each is something else to make, to the shell, to Python or to C; the last has a double quote's and a trigraph's trap.
ODD = ["/a#b", "/a'b", '/a"b', "/a\\b", "/a$b", "/a$(b)", "/a$$b", "/a${b}c", "/a b  c", "/a%b", "/a&b;c|d", "/a,b(c)d",
       "/a`b`", "/a=b:c", "/a*?[c]~", "/äöü/名", "/a\tb", "/a\\", "/a\\#b ", '/ ??/"\\n\\"%s\'\'$@ #$<']
TRAPS = ["/a b  c", "/a\\", "/a$(b)", "/a\tb", ODD[-1]]        # for what does not depend on each character
ALL = "/a#b 'c' \"d\" \\e $f $(g) %h &i ;j ü (k), `l` =m:n|o"
SETTINGS = {"NFS_SERVER": "10.0.2.2", "NFS_DIRECTORY": "/srv", "WEBSITE_DIR": "www", "WEBSITE_FRESH_MS": "1000",
            "NFS_UID": "1"}
DECLARED = variables.declared((paths.TOP / "mk" / "variables.mk").read_text())
PREFIXES = ("MAKE", "MFLAGS", "MICROKIT_", "BUILD_DIR", "NFS_", "MOUNT_", "WEBSITE_", "HTTP_", "QEMU", "SERVAL_")
DTB = paths.CACHE / "boards" / "qemu_virt_aarch64.dtb"


def make(*arguments, environment=None, folder=paths.TOP):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(PREFIXES)}
    return subprocess.run(["make", "--no-print-directory", "-C", str(folder), f"CACHE_DIR={paths.CACHE}",
                           *map(str, arguments)], stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False,
                          errors="surrogateescape", timeout=300, env={**clean, **(environment or {})})


def compose(out, *, through="command", folder=paths.TOP, **settings):
    """Composes the web server into `out`, where its variables are all that decides; returns what make printed."""
    words = [f"{k}={v}" for k, v in {**SETTINGS, **settings}.items()]
    environment = dict(word.split("=", 1) for word in words) if through == "environment" else {}
    done = make(f"{out}/webserver/webserver.mk", f"BUILD_DIR={out}", *([] if environment else words),
                environment=environment, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def configured(out, pd, field):
    """The string, or list of them, that a PD's configuration has there."""
    text = (out / "webserver" / f"{pd}.config.c").read_text()
    literal = re.search(rf'\.{field} = \{{?("(?:[^"\\]|\\.)*")', text).group(1)
    return ast.literal_eval("b" + literal).decode()


@pytest.mark.parametrize("way", ["command", "environment", "example"])
def test_a_value_arrives_as_it_was_written(tmp_path, way):
    folder = paths.TOP / "examples" / "webserver" if way == "example" else paths.TOP
    for value in ODD if way == "command" else [ALL, *TRAPS]:
        (tmp_path / "webserver" / "webserver.mk").unlink(missing_ok=True)   # it is no goal of the example's own make
        settings = {"NFS_DIRECTORY": value, "WEBSITE_DIR": value}
        compose(tmp_path, through="environment" if way == "environment" else "command", folder=folder, **settings)
        assert configured(tmp_path, "nfs", "directory") == value
        assert configured(tmp_path, "micropython", "arguments") == value


def test_a_change_after_an_odd_value_is_noticed(tmp_path):
    """... and that nothing has changed, too."""
    for value in [ALL, *TRAPS]:
        assert "COMPOSE" in compose(tmp_path, NFS_DIRECTORY=value)
        assert "COMPOSE" in compose(tmp_path, NFS_DIRECTORY=value, NFS_UID="2"), value
        assert "COMPOSE" not in compose(tmp_path, NFS_DIRECTORY=value, NFS_UID="2"), value


def test_a_blank_more_is_a_change(tmp_path):
    for value in ("/a b", "/a  b", "/a b ", "/a b"):
        assert "COMPOSE" in compose(tmp_path, NFS_DIRECTORY=value)
        assert configured(tmp_path, "nfs", "directory") == value


@pytest.mark.parametrize("name", [row[0] for _, rows in DECLARED for row in rows if row[0] != "PYTHON"])
@pytest.mark.parametrize("way", ["command", "environment", "example"])
def test_a_line_feed_is_refused_in_one_line(tmp_path, name, way):
    value = "a\nb"
    words, environment = ([], {name: value}) if way == "environment" else ([f"{name}={value}"], {})
    folder = paths.TOP / "examples" / "webserver" if way == "example" else paths.TOP
    if way == "environment" and name == "CACHE_DIR":
        pytest.skip("the command line has it already")
    done = make(*words, "webserver", environment=environment, folder=folder)
    assert done.returncode == 2
    refusals = [line for line in done.stderr.splitlines() if f": *** {name} has a line feed: no variable" in line]
    assert len(refusals) == 1 and done.stdout == ""
    assert len(done.stderr.splitlines()) <= (2 if way == "example" else 1)  # the outer make says that the inner ended


@pytest.mark.parametrize("name", ["BUILD_DIR", "CACHE_DIR", "MICROKIT_SDK"])
def test_a_path_that_cannot_be_a_target_is_refused_in_one_line(name):
    for character in "#$%&'\"\\;:=*?[](){}<>|,`":
        done = make("hello", f"{name}=/tmp/a{character}b")
        said = f": *** {name}='/tmp/a{character}b': a path with {character} cannot be used.  Stop.\n"
        assert done.returncode == 2 and done.stderr.endswith(said)
        assert done.stderr.count("\n") == 1 and done.stdout == ""


@pytest.mark.parametrize("value", ["a b", " a", "a ", "a\tb"])
def test_a_path_with_white_space_is_refused_in_one_line(value):
    done = make("hello", environment={"BUILD_DIR": value})
    assert done.returncode == 2
    assert done.stderr.endswith(f": *** BUILD_DIR='{value}': a path with white space cannot be used.  Stop.\n")
    assert done.stderr.count("\n") == 1 and done.stdout == ""


@pytest.mark.parametrize("name, there_are", [("MICROKIT_CONFIG", "debug release benchmark"),
                                             ("MICROKIT_BOARD", " ".join(paths.BOARDS))])
@pytest.mark.parametrize("value", ["%", "debug release", "a'b", "$(shell echo debug)", "#", "odroid%"])
def test_a_choice_is_one_of_them_and_no_pattern(name, there_are, value):
    done = make("hello", f"{name}={value}")
    assert done.returncode == 2
    assert done.stderr.endswith(f": *** {name}='{value}' is unknown. There are: {there_are}.  Stop.\n")
    assert done.stderr.count("\n") == 1 and done.stdout == ""


@pytest.mark.parametrize("build", ["bäu-名", "a+b@c_d-e.f", "a~b", "-x"])
def test_what_a_build_folder_may_be_called(tmp_path, build):
    done = make("hello", f"BUILD_DIR={tmp_path / build}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / build / "hello.img").stat().st_size > 0
    assert make("hello", f"BUILD_DIR={tmp_path / build}").stdout == "make: Nothing to be done for 'hello'.\n"


def test_no_utf_8_is_refused_in_one_line(tmp_path):
    for name in ("NFS_DIRECTORY", "WEBSITE_DIR"):
        done = make(f"{tmp_path}/webserver/webserver.mk", f"BUILD_DIR={tmp_path}",
                    *[f"{k}={v}" for k, v in {**SETTINGS, name: "/a\udce4b"}.items()])
        assert done.returncode == 2
        assert [f"{name}='/a\\xe4b' is not UTF-8" in line for line in done.stderr.splitlines()].count(True) == 1
        assert "Traceback" not in done.stderr


@pytest.fixture(name="qemu")
def fixture_qemu(tmp_path):
    """A stand-in for QEMU at a path with all odd characters: it writes its arguments down. Returns (it, what it
    wrote)."""
    make(DTB)  # by the real one: the stand-in dumps none
    folder = tmp_path / ALL.replace("/", "").replace("\\", "")
    folder.mkdir()
    program = folder / "qemu"
    written = shlex.quote(str(tmp_path / "argv"))
    program.write_text(f"#!/bin/sh\nfor word; do printf '%s\\0' \"$word\"; done >{written}\n")
    program.chmod(0o755)
    return program, lambda: (tmp_path / "argv").read_text().split("\0")[:-1]


def test_no_qemu_at_all_is_one_line(tmp_path, qemu):
    done = make(tmp_path / "boards" / DTB.name, f"CACHE_DIR={tmp_path}", f"QEMU={qemu[0]}")
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if not line.startswith("make: ***")]
    assert said == [f"QEMU='{qemu[0]}' dumps no device tree: it is no QEMU"]


@needs_machine
@pytest.mark.parametrize("through", ["command", "environment"])
def test_extra_arguments_for_qemu_are_words_as_a_shell_has_them(tmp_path, qemu, through):
    program, arguments = qemu
    words = ["-name", ALL, "-x", "a'b", "", 'c"d', "\\", "$HOME", "*", "~", "ä"]
    variables = {"QEMU": str(program), "QEMU_EXTRA": shlex.join(words), "BUILD_DIR": str(tmp_path / "out")}
    done = make("hello.qemu", *[f"{k}={v}" for k, v in variables.items() if through == "command"],
                environment=variables if through == "environment" else None)
    assert done.returncode == 0, done.stdout + done.stderr
    assert arguments()[-len(words):] == words
    assert "-netdev" in arguments()


def test_systems_with_alike_values_have_folders_of_their_own(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "CACHE", tmp_path)

    def make_image(name, BUILD_DIR, **_):
        BUILD_DIR.mkdir(parents=True)
        (BUILD_DIR / f"{name}.img").touch()

    monkeypatch.setattr(build, "make", make_image)
    images = {build.system("webserver", NFS_DIRECTORY=value) for value in ("/a/b", "/a_b", "/a#b", "/" + "a" * 300)}
    assert len(images) == 4


@needs_machine
def test_make_run_hands_everything_on(tmp_path, qemu):
    """From make through run.py and a second make into the image's configuration, and to QEMU."""
    program, arguments = qemu
    words = ["-name", ALL, "", "$HOME"]
    done = make("run", f"BUILD_DIR={tmp_path / 'out'}", f"QEMU={program}", f"QEMU_EXTRA={shlex.join(words)}",
                "HTTP_PORT=55", "NFS_SERVER=10.0.2.2", f"NFS_DIRECTORY={ALL}", f"WEBSITE_DIR={ALL}", "V=1",
                "WEBSITE_FRESH_MS=1234", "WEBSITE_WAIT_S=7", "WEBSITE_STALE_S=3600",
                "WEBSITE_CACHE= *.pdf=3600;img/*=no-store, max-age=0;", "MACHINE_NUMBER=26")
    assert "make run: QEMU ended (status 0)" in done.stderr, done.stdout + done.stderr
    assert arguments()[-len(words):] == words
    assert configured(tmp_path / "out", "nfs", "directory") == ALL
    assert configured(tmp_path / "out", "micropython", "arguments") == ALL
    front = (tmp_path / "out" / "webserver" / "http.config.c").read_text()
    assert ".mac = {82, 84, 1, 0, 26, 17}" in front
    assert ".fresh_ms = 1234" in front and ".wait_s = 7" in front and ".stale_s = 3600" in front
    assert r'.rules = "cache\011img/*\011no-store, max-age=0\012cache\011*.pdf\011max-age=3600\012"' in front
    assert "--dialect" in done.stdout, "V=1 was not handed on"


@needs_machine
@pytest.mark.parametrize("goal", ["hello.qemu", "run"])
def test_a_quote_that_is_not_closed_is_one_line(tmp_path, qemu, goal):
    settings = [f"{k}={v}" for k, v in SETTINGS.items()] if goal == "run" else []
    done = make(goal, f"BUILD_DIR={tmp_path / 'out'}", f"QEMU={qemu[0]}", "QEMU_EXTRA=-name 'a", "HTTP_PORT=55",
                *settings)
    assert done.returncode == 2
    said = [line for line in done.stderr.splitlines() if "QEMU_EXTRA=" in line]
    assert len(said) == 1 and said[0].endswith("QEMU_EXTRA='-name 'a': No closing quotation")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "argv").exists()


PORT = "is no port: a number from 1 to 65535"


@pytest.mark.parametrize("name, value, wrong", [
    *[("HTTP_PORT", value, PORT) for value in ("web", "0", "65536", "80-10.0.2.15:7,hostfwd=tcp::81", "8 0", "-1",
                                               "٣")],
    ("NFS_PORT", "9" * 30, PORT), ("MOUNT_PORT", "$(shell echo 1)", PORT),
    ("NFS_UID", "www", "is no number from 0 to 4294967294"),
    ("NFS_GID", "4294967295", "is no number from 0 to 4294967294"),
    ("WEBSITE_FRESH_MS", "2s", "is no number from 0 to 3600000"),
    ("WEBSITE_WAIT_S", "0", "is no number from 1 to 60"),
    ("SOAK_MINUTES", "0", "is no number from 1 to 100000"),
    ("NFS_SERVER", "no/name", "is neither an address nor a name"),
    ("NFS_SERVER", "a b", "is neither an address nor a name"),
    ("NFS_DIRECTORY", "srv", "is not absolute: it begins with '/'"),
    ("NFS_DIRECTORY", "a /b", "is not absolute: it begins with '/'"),
    ("BENCH", "long", "is unknown. There are: full quick pages busy tls"), ("V", "yes", "is unknown. There are: 0 1"),
])
@pytest.mark.parametrize("way", ["command", "environment"])
def test_a_value_of_the_wrong_kind_is_refused_in_one_line(name, value, wrong, way):
    done = make("help", *([f"{name}={value}"] if way == "command" else []),
                environment={name: value} if way == "environment" else None)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and done.stdout == ""
    assert done.stderr.endswith(f": *** {name}='{value}' {wrong}.  Stop.\n")


def test_an_empty_value_is_the_default(tmp_path):
    assert "COMPOSE" in compose(tmp_path, WEBSITE_FRESH_MS="", WEBSITE_STALE_S="", NFS_UID="", WEBSITE_DIR="")
    front = (tmp_path / "webserver" / "http.config.c").read_text()
    assert ".fresh_ms = 2000" in front and ".wait_s = 5" in front and ".stale_s = 0xffffffff" in front
    assert configured(tmp_path, "micropython", "arguments") == "."


def test_a_new_variable_is_one_line(tmp_path):
    """Declared and named in a description it arrives there; other systems are not remade for it; it is in the help and,
    by `make readme`, in the README."""
    tree = tmp_path / "tree"
    shutil.copytree(paths.TOP, tree, symlinks=True,
                    ignore=shutil.ignore_patterns("build", ".git", "src", "__pycache__"))
    (tree / "third_party" / "src").symlink_to(paths.TOP / "third_party" / "src")
    declaration = tree / "mk" / "variables.mk"
    declaration.write_text(declaration.read_text().replace(
        "var.NFS_UID ", "var.WEBSITE_APP := text webserver the module that runs\nvar.NFS_UID ", 1))
    description = tree / "examples" / "webserver" / "system.py"
    description.write_text(description.read_text().replace('app="webserver"', 'app=s.var("WEBSITE_APP")'))
    composed = tmp_path / "out" / "webserver" / "micropython.config.c"
    for words, environment, value in (([], None, "webserver"), (["WEBSITE_APP=a $b"], None, "a $b"),
                                      ([], {"WEBSITE_APP": "c"}, "c")):
        settings = [f"{k}={v}" for k, v in SETTINGS.items()]
        done = make(*[f"{tmp_path}/out/{name}/{name}.mk" for name in ("webserver", "hello")],
                    f"BUILD_DIR={tmp_path}/out", *settings, *words, environment=environment, folder=tree)
        assert done.returncode == 0 and done.stderr == "", done.stdout + done.stderr
        assert f'.app = "{value}"' in composed.read_text()
        assert ("hello.py" in done.stdout) == (not words and not environment)
    shown = make("help-variables", folder=tree).stdout
    assert re.search(r"^ +WEBSITE_APP +text +webserver +the module that runs$", shown, re.M)
    assert make("readme", folder=tree).returncode == 0
    assert "| `WEBSITE_APP` | the module that runs | text | `webserver` |\n" in (tree / "README.md").read_text()


def test_the_readme_has_the_variables_that_are_declared():
    assert variables.TABLE.search((paths.TOP / "README.md").read_text())[0] == variables.table(DECLARED), "make readme"


def test_each_line_of_the_declaration_is_one():
    """A line that variables.py cannot read would be missing from help and README alone."""
    text = (paths.TOP / "mk" / "variables.mk").read_text()
    assert text.count("\nvar.") == sum(len(rows) for _, rows in DECLARED)
    kinds = {"text", "path", "host", "folder", "port", "board"}
    for name, kind, default, _ in (row for _, rows in DECLARED for row in rows):
        assert kind in kinds or "|" in kind or re.fullmatch(r"\d+\.\.\d+", kind), f"{name}: {kind}"
        assert "|" not in kind or default == "--" or default in kind.split("|"), f"{name}: {default}"


def test_a_variable_that_nobody_declared_is_none_of_a_description(tmp_path):
    named = {word for path in [*paths.TOP.glob("examples/*/*.py"), *paths.TOP.glob("tests/systems/*/*.py"),
                               *paths.TOP.glob("tests/isolation/*.py"), *paths.TOP.glob("compose/*.py")]
             for word in re.findall(r'\.(?:var|number)\("(\w+)"', path.read_text())}
    assert named and named <= {row[0] for _, rows in DECLARED for row in rows}


@pytest.mark.parametrize("extra, words", [("", "-M virt -serial mon:stdio"), ("-serial pty -name 'a b'", "-M virt -serial pty -name a b")])
def test_another_serial_line_takes_the_terminals_place(extra, words):
    done = subprocess.run([sys.executable, paths.TOP / "mk" / "run" / "qemu.py", extra, "echo", "-M", "virt", "-serial", "mon:stdio"],
                          capture_output=True, text=True, check=True)
    assert done.stdout == words + "\n"
