"""No process of Convoke imports from the working folder, whatever lies there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine import programs
from engine.programs import Program, command, environment, run_frozen

ROOT = Path(__file__).parents[2]
FOREIGN = (
    *("yaml.py", "app.py", "duckdb.py", "apsw.py", "json.py", "typer.py", "re.py", "sqlglot.py", "encodings.py"),
    *("sitecustomize.py", "usercustomize.py", "tomllib.py", "subprocess.py"),
    *("engine/__init__.py", "engine/cli/__init__.py", "engine/cli/__main__.py", "engine/worker/__main__.py"),
    *("engine/daemon/child.py", "app/__init__.py", "app/__main__.py", "resources/__init__.py"),
)
ASKED = {
    Program.COMMAND_LINE: (["plan", "--help"], ""),
    Program.WORKER: (["{workspace}"], json.dumps({"op": "overview", "token": 1, "args": {}}) + "\n"),
    Program.CHILD: (["{workspace}"], json.dumps({"op": "quality"}) + "\n"),
    Program.APP: (["--help"], ""),
}


@pytest.fixture(name="foreign")
def foreign_folder(tmp_path: Path) -> Path:
    """A repository of somebody else: a workspace with Python files that leave a mark when they are run."""
    folder = tmp_path / "repository"
    for name in FOREIGN:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"open({str(tmp_path / 'ran')!r}, 'a').write({name!r} + '\\n')\nraise SystemExit(99)\n")
    (folder / "convoke.toml").write_text("")
    return folder


@pytest.mark.parametrize("program", Program)
@pytest.mark.parametrize("path", [None, os.pathsep.join(["", "/nowhere", "."])])
def test_nothing_of_the_working_folder_runs(program: Program, path: str | None, foreign: Path, tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    if path is not None:
        inherited["PYTHONPATH"] = path
    arguments, question = ASKED[program]
    started = command(program, *(one.format(workspace=foreign) for one in arguments))
    done = subprocess.run(
        started, input=question, cwd=foreign, env=environment(inherited), capture_output=True, text=True, timeout=60
    )
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_a_library_that_starts_python_gets_the_safe_path_too(foreign: Path, tmp_path: Path) -> None:
    code = (
        "from engine.programs import begin; begin()\n"
        "import multiprocessing, os, stat, sys\n"
        "with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "    assert pool.apply(os.getpid) != os.getpid()\n"
        "open('private', 'w').close()\n"
        "sys.exit(stat.S_IMODE(os.stat('private').st_mode) != 0o600)\n"
    )
    inherited = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}", "PYTHONSAFEPATH": "1"}
    (foreign / "sitecustomize.py").unlink()  # with such a PYTHONPATH the first process runs it before Convoke begins
    (foreign / "usercustomize.py").unlink()
    (foreign / "encodings.py").unlink()
    (foreign / "re.py").unlink()
    done = subprocess.run([sys.executable, "-c", code], cwd=foreign, env=inherited, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()


def test_only_one_module_names_the_interpreter() -> None:
    """Whatever starts a process of ours without it would start it without its safe path."""
    for package in ("app", "engine", "sample_data", "resources"):
        for path in (ROOT / package).rglob("*.py"):
            if path != ROOT / "engine" / "programs.py":
                assert not re.search(r"sys\.executable|multiprocessing|\bexec[lv]", path.read_text("utf-8")), path
                for call in re.findall(
                    r"(?:Popen|subprocess\.run)\((.*?)\)\s*(?:#|\.|$)", path.read_text("utf-8"), re.S
                ):
                    assert "env=environment()" in call, path
    for name in ("systemd.service", "launchd.plist"):
        assert "$command" in (ROOT / "packaging" / "daemon" / name).read_text("utf-8")


def test_the_environment_keeps_what_is_absolute() -> None:
    found = environment({"PYTHONPATH": os.pathsep.join(["", "lib", "/opt/lib"]), "PYTHONSTARTUP": "x.py", "LANG": "C"})
    assert found == {
        "PYTHONPATH": os.pathsep.join([str(ROOT), "/opt/lib"]),
        "PYTHONSAFEPATH": "1",
        "LANG": "C",
    }


def test_an_installed_convoke_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "_ROOT", Path("/usr/lib/python3/dist-packages"))
    assert environment({}) == {"PYTHONSAFEPATH": "1"}


def test_a_frozen_build_starts_itself(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "argv", ["convoke"])
    monkeypatch.delitem(sys.modules, "engine.cli.__main__", raising=False)  # another test may have imported it
    started = command(Program.COMMAND_LINE, "--version")
    assert started[0] == sys.executable
    assert "-m" not in started
    with pytest.raises(SystemExit) as ended:
        run_frozen(started[1:])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("convoke ")
    assert not run_frozen(["--version"])
    assert not run_frozen([])
