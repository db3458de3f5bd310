"""The command line: bad input is one sentence with path and hint and the right exit code; JSON is as promised."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from engine.cli.__main__ import main
from tests.support.small import AS_OF, make_workspace, write_audience


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli")
    make_workspace(path).close()
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def size_error(capsys: pytest.CaptureFixture[str], folder: Path, rule: Any, tmp_path: Path, **more: Any) -> Any:
    path = write_audience(tmp_path, "it", rule, **more)
    code, out, err = run(capsys, "size", str(path), "--json", "--workspace", str(folder / "ws"))
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    return json.loads(err)["error"]


def test_a_part_that_no_data_can_change_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_audience(
        folder / "a", "odd", {"any": [{"did": "purchase", "within": "0d"}, {"trait": "age", "gt": 1}]}
    )
    code, out, err = run(capsys, "size", str(path), "--json", "--workspace", str(folder / "ws"))
    said = "within 0d holds no moment, so no event is counted"
    assert (code, err) == (0, "")
    assert json.loads(out)["notes"] == [{"path": "rule.any[0]", "message": said}]
    code, _, err = run(capsys, "size", str(path), "--workspace", str(folder / "ws"))
    assert code == 0
    assert f"odd, rule.any[0]: {said}\n" in err
    path = write_audience(folder / "a", "even", {"trait": "age", "gt": 1})
    _, out, _ = run(capsys, "size", str(path), "--json", "--workspace", str(folder / "ws"))
    assert "notes" not in json.loads(out)


DEEP: dict[str, Any] = {"trait": "age", "gte": 1}
for _ in range(200):
    DEEP = {"all": [DEEP, {"trait": "vip", "eq": True}]}

BAD: list[tuple[str, Any, str, str]] = [
    ("unknown trait", {"all": [{"trait": "stat", "eq": "SP"}]}, "rule.all[0]", '"state"'),
    ("unknown event", {"did": "purchas"}, "rule", '"purchase"'),
    ("unknown property", {"did": "purchase", "where": [{"property": "categry", "eq": "x"}]}, "rule.where[0]", '"category"'),
    ("unknown audience", {"not": {"audience": "fraud"}}, "rule.not", "Known"),
    ("unknown list", {"list": "vips"}, "rule", "list"),
    ("wrong operand", {"trait": "age", "gte": "thirty"}, "rule", "bare"),
    ("text operator on a number", {"trait": "age", "contains": "3"}, "rule", "between"),
    ("reversed between", {"trait": "age", "between": [44, 25]}, "rule", "first"),
    ("bad duration", {"did": "purchase", "within": "90 days"}, "rule", "90d"),
    ("bad expression", {"trait": "state", "matches": "("}, "rule", "RE2"),
    ("two statements", {"sql": "SELECT user_id FROM users; SELECT 1"}, "rule", "one SELECT"),
    ("a write", {"sql": "DELETE FROM users"}, "rule", "one SELECT"),
    ("a write in a CTE", {"sql": "WITH d AS (DELETE FROM users RETURNING user_id) SELECT user_id FROM d"}, "rule", ""),
    ("a strange column", {"sql": "SELECT usr_id FROM users"}, "rule", ""),
    ("a parameter", {"sql": "SELECT user_id FROM users WHERE age > $1"}, "rule", "values"),
    ("two columns", {"sql": "SELECT user_id, age FROM users"}, "rule", "user_id"),
    ("a column of another type", {"sql": "SELECT state FROM users"}, "rule", "user_id"),
    ("a file from SQL", {"sql": "SELECT 1 AS user_id FROM read_text('/etc/hostname')"}, "rule", ""),
    ("no operator", {"trait": "age"}, "rule", "eq"),
    ("two operators", {"trait": "age", "gte": 1, "lte": 3}, "rule", "between"),
    ("an unknown key", {"trait": "age", "gte": 1, "ignorecase": True}, "rule", "ignore_case"),
    ("an unknown node", {"everyone": True}, "rule", ""),
    ("200 levels", DEEP, "rule.all[0].all[0]…", "Unwrap"),
    ("reversed window", {"did": "view", "within": {"from": "2026-02-01", "to": "2026-01-01"}}, "rule", "earlier"),
    ("a gap on the first step", {"sequence": [{"did": "view", "gap": {"lte": "1d"}}]}, "rule.sequence[0]", ""),
    ("objects have no window", {"has": "card", "within": "30d"}, "rule", "did"),
    ("a percent beyond 100", {"sample": {"percent": 101, "seed": "a"}}, "rule", ""),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "path", "hint"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_rules(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path, rule: Any, path: str, hint: str
) -> None:
    error = size_error(capsys, folder, rule, tmp_path)
    assert error["path"] == path
    assert hint in (error["hint"] or "")
    assert error["message"]


TEXTS: list[tuple[str, str, str]] = [
    ("empty", "", "empty"),
    ("not YAML", "kind: audience\n  id: [", "YAML"),
    ("a bomb", "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n"
     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\nkind: [*f,*f,*f,*f]\n", "aliases"),
    ("a loop", "kind: &k [*k]\n", "itself"),
    ("ten megabytes", "kind: audience\nname: " + "x" * 10_000_000, "MB"),
    ("a key twice", "kind: audience\nid: a\nid: b\nrule: {all: []}", "twice"),
    ("a bad id", "kind: audience\nid: Phones SP\nrule: {all: []}", "id"),
    ("another kind", "kind: dashboard\nid: a", "audience"),
    ("endless JSON", "[" * 100_000, "deep"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [t[1:] for t in TEXTS], ids=[t[0] for t in TEXTS])
def test_bad_documents(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(text, encoding="utf-8")
    code, _, err = run(capsys, "size", str(path), "--workspace", str(folder / "ws"))
    assert code == 2
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_unknown_site_and_time_zone(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    assert size_error(capsys, folder, {"all": []}, tmp_path, sites=["MLX"])["path"] == "sites[0]"
    model = tmp_path / "model.yaml"
    model.write_text(
        "kind: model\nsites: {list: {A: {timezone: America/Sao_Paolo}}}\nprofile: {table: users, key: user_id}\n"
    )
    code, _, err = run(capsys, "model", "apply", str(model), "--json", "-w", str(folder / "ws"))
    error = json.loads(err)["error"]
    assert (code, error["path"]) == (2, "sites.list.A.timezone")
    assert "America/Sao_Paulo" in error["hint"]


def test_duplicate_ids_and_circles(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    write_audience(tmp_path / "one", "twin", {"all": []})
    write_audience(tmp_path / "two", "twin", {"all": []})
    write_audience(tmp_path / "two", "alone", {"trait": "age", "gte": 30})
    code, out, err = run(capsys, "size", str(tmp_path), "--json", "-w", str(folder / "ws"))
    assert code == 2
    assert json.loads(err)["error"]["code"] == "duplicate_id"
    assert '"alone"' in out
    code, _, err = run(capsys, "plan", "-f", str(tmp_path), "-w", str(folder / "ws"))
    assert code == 2
    assert 'two audiences have the id "twin"' in err
    circle = tmp_path / "circle"
    write_audience(circle, "a", {"audience": "b"})
    write_audience(circle, "b", {"audience": "a"})
    code, _, err = run(capsys, "size", str(circle), "-w", str(folder / "ws"))
    assert code == 2
    assert "a → b → a" in err
    code, _, err = run(capsys, "apply", "-f", str(circle), "-w", str(folder / "ws"))
    assert code == 1


def test_warehouses_that_cannot_be_used(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    workspace = str(tmp_path / "ws")
    run(capsys, "init", workspace)
    text, corrupt = tmp_path / "text.duckdb", tmp_path / "corrupt.duckdb"
    text.write_text("hello, I am not a database at all")
    corrupt.write_bytes((folder / "data.duckdb").read_bytes()[:4000] + b"\0" * 4000)
    empty = tmp_path / "empty"
    empty.mkdir()
    for path, words in (
        (tmp_path / "gone.duckdb", "no warehouse file"),
        (text, "not a DuckDB"),
        (corrupt, "cannot be opened"),
    ):
        code, _, err = run(capsys, "connect", f"duckdb:///{path}", "-w", workspace)
        assert code == 2, err
        assert words in err
        assert len(err.strip().splitlines()) == 1
    assert run(capsys, "connect", str(empty), "-w", workspace)[0] == 2
    locked = tmp_path / "locked.duckdb"
    holder = f"import duckdb, sys; c = duckdb.connect({str(locked)!r}); c.execute('create table t(a int)'); print('ready', flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, stdin=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    code, _, err = run(capsys, "connect", f"duckdb:///{locked}", "-w", workspace)
    process.communicate()
    assert code == 2
    assert f"process {process.pid}" in err


def test_a_table_that_vanished_and_keys_that_are_not_unique(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    make_workspace(tmp_path).close()
    audience = write_audience(tmp_path / "a", "it", {"did": "purchase"})
    connection = duckdb.connect(str(tmp_path / "data.duckdb"))
    connection.execute("ALTER TABLE events RENAME TO happenings")
    connection.close()
    code, _, err = run(capsys, "size", str(audience), "--json", "-w", str(tmp_path / "ws"))
    error = json.loads(err)["error"]
    assert (code, error["code"], error["path"]) == (2, "model_mismatch", "events.purchase.table")
    connection = duckdb.connect(str(tmp_path / "data.duckdb"))
    connection.execute(
        "ALTER TABLE happenings RENAME TO events; INSERT INTO users (user_id, site_id) VALUES (2, 'MLB')"
    )
    connection.close()
    code, _, err = run(capsys, "size", str(audience), "--json", "-w", str(tmp_path / "ws"))
    error = json.loads(err)["error"]
    assert (code, error["code"]) == (2, "bad_key")
    assert error["message"] == "1 of 6 rows repeat the key of another profile"  # and not whose


def test_size_as_json(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    path = write_audience(tmp_path, "it", {"all": [{"trait": "age", "gte": 30}, {"not": {"did": "purchase"}}]})
    code, out, _ = run(capsys, "--workspace", str(folder / "ws"), "size", str(path), "--json", "--as-of", AS_OF)
    found = json.loads(out)
    assert code == 0
    assert isinstance(found.pop("elapsed_ms"), float)
    assert len(found.pop("data_version")) == 16
    assert found == {
        "id": "it",
        "size": 1,
        "base": 5,
        "exact": True,
        "as_of": AS_OF,
        "per_site": {"MLB": 0, "MLC": 1},
        "conditions": [
            {"path": "rule.all[0]", "size": 3, "without": 3},
            {"path": "rule.all[1].not", "size": 2, "without": 3},
        ],
        "groups": [{"path": "rule", "size": 1}, {"path": "rule.all[1]", "size": 3}],
    }


def test_wrong_use(
    capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (["sizes"], ["size"], ["size", "x", "--nope"], ["size", "no/such.yaml"], ["show", "nobody"]):
        code, _, err = run(capsys, *arguments, "-w", str(folder / "ws"))
        assert code == 2, arguments
        assert err.startswith("convoke: ")
        assert len(err.strip().splitlines()) == 1
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, "list")
    assert code == 2
    assert "convoke init" in err


def test_every_command_answers_for_a_person(capsys: pytest.CaptureFixture[str], folder: Path, tmp_path: Path) -> None:
    workspace = str(folder / "ws")
    write_audience(tmp_path, "seen", {"did": "view"})
    path = write_audience(tmp_path, "it", {"all": [{"trait": "state", "eq": "SP"}, {"audience": "seen"}]})
    for arguments in (
        ["model", "show"],
        ["model", "infer"],
        ["model", "check"],
        ["plan", "-f", str(tmp_path)],
        ["apply", "-f", str(tmp_path)],
        ["list"],
        ["show", "it"],
        ["history", "it"],
        ["diff", "it"],
        ["size", "it", "seen", str(path)][:3],
        ["members", "it"],
        ["explain", "it"],
        ["why", "it", "1"],
        ["lists", "show"],
        ["schema", "audience"],
    ):
        for more in ([], ["--json"]):
            code, out, err = run(capsys, *arguments, *more, "--workspace", workspace)
            assert code == 0, (arguments, err)
            assert out.strip(), arguments
            if more:
                for line in out.strip().splitlines():
                    json.loads(line)
    assert run(capsys, "delete", "seen", "-w", workspace)[0] == 1
    assert run(capsys, "delete", "it", "-w", workspace)[0] == 0


def test_the_version_is_quick() -> None:
    code = "import sys; sys.argv=['convoke','--version']; from engine.cli.__main__ import main; main(); print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("typer", "rich", "duckdb", "pandas", "numpy", "sqlglot", "apsw"):
        assert f"'{heavy}'" not in out
