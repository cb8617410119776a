"""The first start on a fresh machine, with a tiny project in place of ours and no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engine import bootstrap

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "tiny"
version = "1"
dependencies = ["tiny-needs>=1"]
[project.optional-dependencies]
test = ["tiny-extra"]
"""
BACKEND = """
import zipfile
def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "tiny-1-py3-none-any.whl"
    needs = "Requires-Dist: tiny-needs>=1\\nProvides-Extra: test\\nRequires-Dist: tiny-extra; extra == 'test'\\n"
    with zipfile.ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.writestr("tiny-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n" + needs)
        wheel.writestr("tiny-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("tiny-1.dist-info/RECORD", "")
    return name
"""
MAIN = """
import sys
from engine import bootstrap
if __name__ == "__main__":
    bootstrap.enter("test" if "--extra" in sys.argv else "")
    import tiny_needs
    print("ran", sys.prefix, sys.argv[1:])
"""


def wheel(folder: Path, name: str) -> None:
    module = name.replace("-", "_")
    with zipfile.ZipFile(folder / f"{module}-1-py3-none-any.whl", "w") as made:
        made.writestr(f"{module}.py", "")
        made.writestr(f"{module}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        made.writestr(f"{module}-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr(f"{module}-1.dist-info/RECORD", "")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "tiny"
    (root / "engine").mkdir(parents=True)
    (root / "engine/__init__.py").touch()
    shutil.copy(bootstrap.__file__, root / "engine")
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "backend.py").write_text(BACKEND)
    (root / "main.py").write_text(MAIN)
    (root / "wheels").mkdir()
    wheel(root / "wheels", "tiny-needs")
    wheel(root / "wheels", "tiny-extra")
    return root


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with pip and nothing else, as an interrupted installation leaves it."""
    home = tmp_path_factory.mktemp("empty") / ".venv"
    bootstrap.create(home)
    bootstrap.write_stamp(home, ())
    return home


def environment(root: Path) -> dict[str, str]:
    wanted = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(root / "wheels"), "PIP_EXTRA_INDEX_URL": ""}
    return {**os.environ, **wanted, "PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": ""}


def start(root: Path, *arguments: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    command = [python, "main.py", *arguments]
    return subprocess.run(command, cwd=root, env=environment(root), capture_output=True, text=True, timeout=600)


def test_installs_once_then_again_only_for_changed_requirements(project: Path) -> None:
    first = start(project, "run", "a b.json")
    assert f"ran {project / '.venv'} ['run', 'a b.json']" in first.stdout, first.stderr
    assert first.stderr.count("Installing") == 1
    assert "Installing" not in start(project).stderr
    assert "Installing" in start(project, "--extra").stderr
    assert "Installing" not in start(project).stderr + start(project, "--extra").stderr
    wheel(project / "wheels", "tiny-more")
    changed = PYPROJECT.replace('"tiny-needs>=1"', '"tiny-needs>=1", "tiny-more"')
    (project / "pyproject.toml").write_text(changed)
    (project / "backend.py").write_text(BACKEND.replace("Provides", "Requires-Dist: tiny-more\\nProvides"))
    inside = start(project, python=str(bootstrap.python_of(project / ".venv")))
    assert "Installing" in inside.stderr
    assert "ran" in inside.stdout
    assert "Installing" not in start(project, "--extra").stderr


def test_two_first_starts_at_once_install_once(project: Path, empty: Path) -> None:
    shutil.copytree(empty, project / ".venv", symlinks=True)
    command = [sys.executable, "main.py"]
    pair = [
        subprocess.Popen(command, cwd=project, env=environment(project), stdout=-1, stderr=-1, text=True)
        for _ in range(2)
    ]
    outs = [process.communicate(timeout=600) for process in pair]
    assert all("ran" in out for out, _ in outs), outs
    assert sum("Installing" in err for _, err in outs) == 1


def test_a_half_made_environment_is_made_again(project: Path) -> None:
    python = bootstrap.python_of(project / ".venv")
    python.parent.mkdir(parents=True)
    python.write_text("not a program")
    python.chmod(0o755)
    assert "ran" in start(project).stdout


def test_an_interrupted_installation_goes_on(project: Path, empty: Path) -> None:
    shutil.copytree(empty, project / ".venv", symlinks=True)
    again = start(project)
    assert "Installing" in again.stderr
    assert "ran" in again.stdout


def test_a_failing_pip_gives_its_last_lines_and_a_sentence(project: Path, empty: Path) -> None:
    shutil.copytree(empty, project / ".venv", symlinks=True)
    (project / "wheels/tiny_needs-1-py3-none-any.whl").unlink()
    ended = start(project)
    assert ended.returncode == 1
    assert "No matching distribution found for tiny-needs" in ended.stderr
    assert "pip could not install what Inkwater needs" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_module_that_never_appears_does_not_loop(project: Path, empty: Path) -> None:
    shutil.copytree(empty, project / ".venv", symlinks=True)
    needs = project / "wheels/tiny_needs-1-py3-none-any.whl"
    needs.unlink()
    with zipfile.ZipFile(needs, "w") as made:
        made.writestr("tiny_needs-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-needs\nVersion: 1\n")
        made.writestr("tiny_needs-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        made.writestr("tiny_needs-1.dist-info/RECORD", "")
    ended = start(project)
    assert ended.returncode == 1
    assert "Python does not find tiny_needs there" in ended.stderr


def test_an_environment_of_ones_own_is_used_as_it_is(project: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "tiny_needs.py").touch()
    ended = subprocess.run(
        [sys.executable, "main.py"],
        cwd=project,
        env={**environment(project), "PYTHONPATH": str(own)},
        capture_output=True,
        text=True,
    )
    assert "ran" in ended.stdout
    assert not (project / ".venv").exists()


def test_no_ensurepip_is_one_sentence(project: Path, tmp_path: Path) -> None:
    hide = "import importlib.util as u; f = u.find_spec; u.find_spec = lambda n: None if n == 'ensurepip' else f(n)"
    ended = subprocess.run(
        [sys.executable, "-c", f"{hide}\nfrom engine import bootstrap\nbootstrap.enter()"],
        cwd=project,
        env=environment(project),
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1
    assert "apt install python3-venv" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_that_cannot_be_written_is_one_sentence(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(SystemExit), bootstrap.locked(project):
        pass
    monkeypatch.undo()
    assert "cannot be written to (Permission denied)" in capsys.readouterr().err


def test_an_old_python_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bootstrap, "LEAST", (99, 0))
    with pytest.raises(SystemExit):
        bootstrap.enter()
    assert "Inkwater needs Python 99.0 or newer" in capsys.readouterr().err


def test_every_declared_requirement_names_a_module_that_exists_here() -> None:
    from importlib.util import find_spec

    names = [bootstrap.module_of(r) for r in bootstrap.requirements(bootstrap.ROOT, "test")]
    assert "PIL" in names
    assert [n for n in names if find_spec(n) is None] == []


def test_stamp_reads_as_nothing_when_it_is_damaged(tmp_path: Path) -> None:
    assert bootstrap.read_stamp(tmp_path) is None
    (tmp_path / bootstrap.STAMP).write_text("{")
    assert bootstrap.read_stamp(tmp_path) == []
    bootstrap.write_stamp(tmp_path, ["b", "a"])
    assert json.loads((tmp_path / bootstrap.STAMP).read_text()) == {"requirements": ["a", "b"]}
