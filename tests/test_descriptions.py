"""Broken system descriptions: each file in tests/descriptions is named for its one mistake and says in its first line
what the tool must answer, to the letter; `ok` stands for an image. The SDK and the programs are made up here, so that
nothing but the tool is under test.
"""

import os
import subprocess

import pytest
from descriptions import made_elf
from serval import paths

FOLDER = paths.TOP / "tests" / "descriptions"
BOARD_CONF = """ram 0x40000000 0x80000000
load 0x70000000  # a comment
uart 0x09000000
gicd 0x08000000
gicc 0x08010000
irqs 288
"""

pytestmark = [
    pytest.mark.skipif(bool(os.environ.get("MICROKIT_SDK")), reason="the official tool has its own messages"),
    pytest.mark.needs(paths.TOOL)]


def write_files(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.fixture
def sdk(tmp_path):
    """A folder shaped like an SDK with a made-up kernel, and beside it the programs that descriptions name."""
    config = tmp_path / "sdk" / "board" / "made_up" / "release"
    write_files(config / "elf", {"kernel.elf": made_elf.KERNEL, "loader.elf": made_elf.LOADER})
    (config / "board.conf").write_text(BOARD_CONF)
    write_files(tmp_path / "programs", made_elf.PROGRAMS)
    write_files(tmp_path / "data", {"empty.bin": b"", "two_bytes.bin": b"hi", "two_pages.bin": b"x" * 4097})
    return tmp_path


def run(sdk, system, *more, board="made_up", config="release", **environment):
    """The tool in the folder `sdk`. Gives its exit status and what it wrote to stderr."""
    command = [paths.TOOL, str(system), "--search-path", "programs", "data", "--board", board, "--config", config, *more]
    done = subprocess.run(command, cwd=sdk, env={"MICROKIT_SDK": str(sdk / "sdk"), **environment}, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.stdout == ""
    return done.returncode, done.stderr


def outputs(sdk):
    return sorted(p.name for p in sdk.iterdir() if p.is_file())


def expectation(path):
    first = path.read_text().split("\n", 1)[0]
    assert first.startswith("<!-- ") and first.endswith(" -->"), f"{path.name}: its first line says no message"
    return first[5:-4]


def answer(status, stderr, name):
    """What a description's first line says: the message without the file's name."""
    lines = [line for line in stderr.splitlines() if " warning: " not in line]
    if status == 0 and not lines:
        return "ok"
    assert status == 1 and len(lines) == 1, stderr
    return lines[0].replace(f"{name}:", "", 1).strip()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.system")), ids=lambda p: p.stem)
def test_description(sdk, path):
    (sdk / path.name).write_bytes(path.read_bytes())
    before = outputs(sdk)
    expected = expectation(path)
    assert answer(*run(sdk, path.name, "-o", "x.img", "-r", "x.txt"), path.name) == expected
    assert outputs(sdk) == (sorted([*before, "x.img", "x.txt"]) if expected == "ok" else before)


def test_unused_region_is_a_warning(sdk):
    (sdk / "s.system").write_text('<system>\n  <memory_region name="m" size="0x1000"/>\n'
                                  '  <protection_domain name="a"><program_image path="good.elf"/></protection_domain>\n'
                                  '</system>\n')
    assert run(sdk, "s.system") == (0, "s.system:2:3: warning: memory region 'm' is mapped nowhere\n")
    assert outputs(sdk) == ["loader.img", "report.txt", "s.system"]


def test_region_whose_address_alone_is_used(sdk):
    """A device writes there, say: no warning."""
    (sdk / "s.system").write_text('<system>\n  <memory_region name="m" size="0x1000"/>\n'
                                  '  <protection_domain name="a"><program_image path="good.elf"/>\n'
                                  '    <setvar symbol="number" region_paddr="m"/></protection_domain>\n</system>\n')
    assert run(sdk, "s.system") == (0, "")


@pytest.mark.parametrize("image, report, reason", [
    ("folder", "report.txt", "cannot write 'folder'; Is a directory"),
    ("loader.img", "folder", "cannot write 'folder'; Is a directory"),
    ("nowhere/loader.img", "report.txt", "cannot write 'nowhere/loader.img'; No such file or directory"),
    ("/dev/full/x", "report.txt", "cannot write '/dev/full/x'; Not a directory"),
])
def test_both_outputs_or_neither(sdk, image, report, reason):
    (sdk / "folder").mkdir()
    (sdk / "report.txt").write_text("old")
    (sdk / "loader.img").write_text("old")
    before = outputs(sdk)
    assert run(sdk, FOLDER / "good_minimal.system", "-o", image, "-r", report) == (1, f"microkit: error: {reason}\n")
    assert outputs(sdk) == before and {(sdk / n).read_text() for n in ("report.txt", "loader.img")} == {"old"}


def test_an_output_that_is_no_file_of_its_own_stays_what_it_is(sdk):
    """`-r /dev/null`: were it replaced, root would lose the machine's. A link and a pipe stand for it here."""
    os.mkfifo(sdk / "pipe")
    pipe = os.open(sdk / "pipe", os.O_RDWR | os.O_NONBLOCK)
    (sdk / "null").symlink_to("/dev/null")
    (sdk / "kept.img").write_text("old")
    (sdk / "link.img").symlink_to("kept.img")
    assert run(sdk, FOLDER / "good_minimal.system", "-o", "null", "-r", "pipe") == (0, "")
    assert os.readlink(sdk / "null") == "/dev/null" and (sdk / "pipe").is_fifo()
    assert os.read(pipe, 65536).decode().startswith("good_minimal.system for made_up")
    os.close(pipe)
    assert run(sdk, FOLDER / "good_minimal.system", "-o", "null", "-r", "null") == (0, "")
    assert run(sdk, FOLDER / "good_minimal.system", "-o", "link.img") == (0, "")
    assert os.readlink(sdk / "link.img") == "kept.img" and (sdk / "kept.img").stat().st_size > 4096
    assert outputs(sdk) == ["kept.img", "link.img", "report.txt"]


@pytest.mark.parametrize("report", ["same", "./same"])
def test_image_and_report_in_one_file(sdk, report):
    (sdk / "same").write_text("old")
    assert run(sdk, FOLDER / "good_minimal.system", "-o", "same", "-r", report) == (
        1, "microkit: error: image and report are one file (same)\n")
    assert (sdk / "same").read_text() == "old" and outputs(sdk) == ["same"]


def test_same_input_same_image_and_report(sdk):
    for n in "12":
        assert run(sdk, FOLDER / "good_dialect_2_0.system", "-o", f"{n}.img", "-r", f"{n}.txt")[0] == 0
    assert (sdk / "1.img").read_bytes() == (sdk / "2.img").read_bytes()
    assert (sdk / "1.txt").read_text() == (sdk / "2.txt").read_text()


GOOD = FOLDER / "good_minimal.system"


def usage_error(stderr):
    assert stderr.startswith("usage: microkit SYSTEM")
    return stderr.splitlines()[-1]


def test_command_line(sdk):
    status, stderr = run(sdk, GOOD, "--board")
    assert status == 1 and usage_error(stderr) == "microkit: error: argument --board: expected one argument"
    status, stderr = run(sdk, GOOD, "--fast")
    assert status == 1 and usage_error(stderr) == "microkit: error: unrecognised argument: --fast"
    status, stderr = run(sdk, GOOD, "-o", "x.img", "second.system")
    assert status == 1 and usage_error(stderr) == "microkit: error: unrecognised argument: second.system"
    done = subprocess.run([paths.TOOL, "--board", "b", "--config", "c"], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and usage_error(done.stderr) == "microkit: error: missing argument: SYSTEM"
    done = subprocess.run([paths.TOOL, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.startswith("usage: microkit SYSTEM")


def test_options_of_the_official_tool(sdk):
    """Taken where they ask for what there is; else refused by name."""
    assert run(sdk, GOOD, "--viper-output", "viper", "--image-type", "binary") == (0, "")
    assert outputs(sdk) == ["loader.img", "report.txt"] and not (sdk / "viper").exists()
    for words, reason in [
        (["--image-type", "elf"], "image type is not supported (elf); allowed: binary"),
        (["--image-type", "uimage"], "image type is not supported (uimage); allowed: binary"),
        (["--capdl-json", "x.json"], "argument --capdl-json is not supported; there are no capabilities to list"),
        (["--override-kernel", "x.elf"],
         "argument --override-kernel is not supported; the kernel and its tables belong together"),
    ]:
        assert run(sdk, GOOD, *words, "-o", "y.img") == (1, f"microkit: error: {reason}\n")
    assert outputs(sdk) == ["loader.img", "report.txt"]


def test_what_the_sdk_does_not_have(sdk):
    (sdk / "sdk" / "board" / "pi").write_text("no folder")
    assert run(sdk, GOOD, board="pi") == (1, "microkit: error: unknown board (pi); allowed: made_up\n")
    assert run(sdk, GOOD, config="fast") == (1, "microkit: error: unknown config (fast); allowed: release\n")
    for name in "", ".", "..", "made_up/release", "../board/made_up":
        assert run(sdk, GOOD, board=name) == (1, f"microkit: error: unknown board ({name}); allowed: made_up\n")
        assert run(sdk, GOOD, config=name) == (1, f"microkit: error: unknown config ({name}); allowed: release\n")
    assert run(sdk, GOOD, MICROKIT_SDK="nowhere") == (
        1, "microkit: error: no SDK here; 'nowhere/board' is not a folder (is MICROKIT_SDK right?)\n")


def test_sdk_of_another_tool(sdk):
    config = sdk / "official" / "board" / "made_up" / "release"
    write_files(config / "elf", {"sel4.elf": b"x", "loader.elf": b"x"})
    assert run(sdk, GOOD, MICROKIT_SDK="official") == (
        1, "microkit: error: SDK 'official' is an official one, with a tool of its own (is MICROKIT_SDK right?)\n")
    assert outputs(sdk) == []


@pytest.mark.parametrize("file", ["board.conf", "elf/kernel.elf", "elf/loader.elf"])
def test_sdk_that_is_not_whole(sdk, file):
    path = sdk / "sdk" / "board" / "made_up" / "release" / file
    path.unlink()
    assert run(sdk, GOOD) == (1, f"{path}: error: cannot read '{path}'; No such file or directory\n")
    assert outputs(sdk) == []


def test_missing_description(sdk):
    assert run(sdk, "nothing.system") == (
        1, "nothing.system: error: cannot read 'nothing.system'; No such file or directory\n")


def test_output_that_cannot_be_written(sdk):
    assert run(sdk, GOOD, "-r", "no/x.txt") == (
        1, "microkit: error: cannot write 'no/x.txt'; No such file or directory\n")
    assert outputs(sdk) == []


@pytest.mark.parametrize("text, message", [
    (BOARD_CONF.replace("irqs 288\n", ""), ": error: missing line 'irqs'"),
    (BOARD_CONF + "gpu 0x1000\n", ":7:1: error: unknown word 'gpu'; allowed: ram load uart gicd gicc irqs smc"),
    (BOARD_CONF.replace("0x09000000", "there"), ":3:1: error: 'uart' wants a number, not 'there'"),
    (BOARD_CONF.replace(" 0x80000000", ""), ":1:1: error: 'ram' wants a number, not ''"),
    (BOARD_CONF.replace("load 0x7", "load 0x3"),
     ": error: load is not in RAM (0x30000000); RAM is 0x40000000 to 0xc0000000"),
    (BOARD_CONF.replace("load 0x70000000", "load 0x70001000"), ": error: ram and load must be multiples of 0x200000"),
    (BOARD_CONF.replace("0x80000000", "0x30200000").replace("load 0x70000000", "load 0x70000000"), None),
])
def test_board(sdk, text, message):
    conf = sdk / "sdk" / "board" / "made_up" / "release" / "board.conf"
    conf.write_text(text)
    status, stderr = run(sdk, GOOD)
    assert (status, stderr) == ((0, "") if message is None else (1, f"{conf}{message}\n"))


def test_image_larger_than_ram(sdk):
    conf = sdk / "sdk" / "board" / "made_up" / "release" / "board.conf"
    conf.write_text(BOARD_CONF.replace("0x80000000", "0x30200000"))
    (sdk / "data" / "large.bin").write_bytes(b"x" * 0x200000)
    (sdk / "s.system").write_text(
        '<system>\n  <memory_region name="m" prefill_path="large.bin"/>\n  <protection_domain name="a">\n'
        '    <program_image path="good.elf"/>\n    <map mr="m" vaddr="0x1000000"/>\n  </protection_domain>\n'
        '</system>\n')
    status, stderr = run(sdk, "s.system")
    assert status == 1
    assert stderr.startswith("s.system: error: the image does not fit in RAM; it needs 0x200000 bytes for memory "
                             "region")


def test_loader_without_header(sdk):
    loader = sdk / "sdk" / "board" / "made_up" / "release" / "elf" / "loader.elf"
    loader.write_bytes(made_elf.elf([(0, made_elf.R | made_elf.X, made_elf.LOOP, None)]))
    assert run(sdk, GOOD) == (1, f"{loader}: error: no image_header, or one of another size\n")
