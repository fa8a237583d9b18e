"""The package as it is installed: quick to import, and the README's example in an empty environment."""

import re
import subprocess
import sys
import venv

import pytest
from conftest import ROOT

import fairtrial
from fairtrial import _program

HEAVY = {"numpy", "pandas", "polars", "pyarrow", "IPython", "asyncio", "multiprocessing", "ctypes"}


def test_import_is_light():
    code = (
        "import sys; before = set(sys.modules); import fairtrial; print(' '.join(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False, env=paths()
    )
    assert loaded.returncode == 0, loaded.stderr
    assert not HEAVY & set(loaded.stdout.split())
    assert len(loaded.stdout.split()) < 150  # 95 with Python 3.11


def paths():
    from pathlib import Path

    return {"PYTHONPATH": str(Path(fairtrial.__file__).parents[1]), "PATH": ""}


def test_every_name_is_exported():
    for name in fairtrial.__all__:
        assert getattr(fairtrial, name) is not None


def test_readme_example_in_an_empty_environment(tmp_path):
    """The wheel of `make wheel`, the README's lines, at most two seconds after the import."""
    wheels = sorted((ROOT / "dist").glob("fairtrial-*.whl"))
    if not wheels:
        pytest.skip("no dist/fairtrial-*.whl: make wheel")
    at = tmp_path / "empty"
    venv.create(at, with_pip=True)
    subprocess.run(
        [at / "bin" / "pip", "install", "-q", "--no-index", "--disable-pip-version-check", wheels[-1]],
        check=True,
    )
    readme = (ROOT / "README.md").read_text()
    example = re.search(r"```python\n(.*?)```", readme[readme.index("## From Python") :], re.S).group(1)
    script = (
        "import fairtrial, time\nstart = time.perf_counter()\n"
        + example
        + "\nprint(result)\nprint('seconds', time.perf_counter() - start)\n"
    )
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [at / "bin" / "python", "-c", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=env,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Go: ")
    assert float(done.stdout.split()[-1]) < 2
    version = subprocess.run(
        [at / "bin" / "fairtrial", "version"], capture_output=True, text=True, check=True
    ).stdout
    assert version.split()[1] == fairtrial.__version__


def test_program_is_found(monkeypatch, tmp_path):
    fake = tmp_path / "fairtrial"
    fake.write_bytes(b"\x7fELF")
    fake.chmod(0o755)
    monkeypatch.setenv("FAIRTRIAL_BINARY", str(fake))
    assert _program.find() == str(fake)
    monkeypatch.delenv("FAIRTRIAL_BINARY")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_program.sysconfig, "get_path", lambda *a: str(tmp_path / "nowhere"))
    assert _program.find() == str(fake)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(fairtrial.ProgramNotFoundError, match="install the wheel"):
        _program.find()
