"""make coverage: its figures are what a test executed, its pages show it, and it says what it cannot do."""

import importlib.util
import re
import subprocess

import pytest
from serval import paths
from test_narrow import empty_cache, make  # noqa: F401

FUNCTION = """int used(int a)
{
    if (a > 1) {
        return 3;
    }
    return 4;
}
int unused(void)
{
    return 5;
}
"""
MAIN = "int used(int a);\nint main(void)\n{\n    return used(1) != 4;\n}\n"


def test_one_test(cache):
    done = make(cache, "coverage", "UNIT=sdk_kernel_ready")
    assert done.returncode == 0, done.stdout
    row = re.search(r"^sdk/kernel +1/\d+ +(\d+) +([\d.]+) % +100\.0 % +[\d.]+ %$", done.stdout, re.M)
    assert row and int(row[1]) > 40 and float(row[2]) > 90, done.stdout
    assert (cache / "coverage" / "summary.txt").read_text() in done.stdout
    pages = [path.relative_to(cache / "coverage").as_posix() for path in (cache / "coverage").rglob("*.html")]
    assert "index.html" in pages and any(page.endswith("sdk/kernel/ready.c.html") for page in pages)
    assert not any("tests/unit" in page for page in pages)


def test_the_figures(tmp_path):
    """Lines, functions and branches of a source that can be counted by hand."""
    spec = importlib.util.spec_from_file_location("coverage_report", paths.TOP / "mk" / "coverage.py")
    report = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(report)
    (tmp_path / "function.c").write_text(FUNCTION)
    (tmp_path / "main.c").write_text(MAIN)
    (tmp_path / "fails.c").write_text(MAIN.replace("!= 4", "== 4"))
    for name in ("main", "fails"):
        subprocess.run(["clang", "-fprofile-instr-generate", "-fcoverage-mapping", "-o", tmp_path / name, tmp_path / f"{name}.c",
                        tmp_path / "function.c"], check=True)
    report.TOP = tmp_path
    profiles, failed = report.run([str(tmp_path / "main"), str(tmp_path / "fails")], tmp_path)
    assert failed == ["fails"] and len(profiles) == 2
    subprocess.run(["llvm-profdata", "merge", "-o", tmp_path / "all", *profiles], check=True)
    text = report.llvm_cov("export", [str(tmp_path / "main")], tmp_path / "all", "-summary-only")
    folders = report.by_folder(report.json.loads(text))
    # from brace to brace: used 6 lines, two of which are not reached; unused 3; main 3
    assert report.figure(folders["."], "functions") == "66.7 %"
    assert report.figure(folders["."], "branches") == "50.0 %"
    assert (folders["."]["lines", "count"], folders["."]["lines", "covered"]) == (12, 7)
    assert report.table(folders).splitlines()[1].split() == [".", "2/3", "12", "58.3", "%", "66.7", "%", "50.0", "%"]


@pytest.mark.parametrize("words, answer", [
    (["coverage", "UNIT=http_parse_dat"], "UNIT: there is no host test 'http_parse_dat'. Near it: http_parse_date"),
    (["coverage", "unit"], "coverage stands alone: "),
    (["coverage", "COMPILER=gcc"], "coverage: COMPILER=gcc counts in a way of its own")])
def test_what_it_cannot_do_is_one_line(cache, words, answer):
    done = make(cache, *words)
    lines = [line for line in done.stdout.splitlines() if "***" in line]
    assert done.returncode == 2 and len(lines) == 1 and answer in lines[0], done.stdout
