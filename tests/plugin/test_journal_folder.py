"""F4: a journal folder that takes no files ends no run: an error at the start, a warning later."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.system

FAILS = """
def test_fails(mock_llm):
    assert 0

def test_passes():
    pass
"""


@pytest.mark.parametrize("folder", ["afile", "afile/below", "/dev/full", "/proc/nowhere", ""])
@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "xdist"])
def test_a_folder_that_takes_no_files_is_a_usage_error(
    pytester: pytest.Pytester, folder: str, workers: tuple[str, ...]
) -> None:
    pytester.makepyfile(FAILS)
    pytester.path.joinpath("afile").write_text("")

    ran = pytester.runpytest_subprocess(f"--mock-llm-journal-dir={folder}", *workers)

    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["ERROR: mock_llm_journal_dir: '*' is not a folder*"])
    assert "INTERNALERROR" not in ran.stdout.str() + ran.stderr.str()


@pytest.mark.parametrize(
    "options", [(), ("-p", "no:asyncio", "-W", "error")], ids=["warnings", "warnings are errors"]
)
def test_a_folder_that_fails_later_is_a_warning(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    pytester.makepyfile(
        """
        import pathlib, shutil

        def test_fails(mock_llm):
            shutil.rmtree("kept")
            pathlib.Path("kept").write_text("")
            assert 0

        def test_passes():
            pass
        """
    )
    ran = pytester.runpytest_subprocess("--mock-llm-journal-dir=kept", *options)

    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines(["*the journals of *test_fails were not written to *"])
    assert "INTERNALERROR" not in ran.stdout.str()


def test_a_folder_that_is_missing_is_made(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(FAILS)
    ran = pytester.runpytest_subprocess("--mock-llm-journal-dir=a/b")

    ran.assert_outcomes(passed=1, failed=1)
    assert [path.suffix for path in Path(pytester.path / "a" / "b").iterdir()] == [".json"]
