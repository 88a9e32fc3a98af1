"""The surroundings of a run: variables, control groups, disk; and engines under two names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness import engines
from harness.commands.selfcheck.planted import Planted
from harness.errors import UnknownEngine
from harness.machine.announced import announced
from harness.machine.cgroups import Memory, granted_cores, memories
from harness.machine.environment import disk_of, governor, read_by, surroundings
from harness.machine.worker_client import inherited_environment
from harness.records.runs import DiskEntry
from tests.support.benchmark_runs import TABLE, Project


def written(root: Path, **texts: str) -> Path:
    """Writes files below a folder, and returns it.

    In names ``__`` stands for a slash and ``_dot_`` for a point.
    """
    for name, text in texts.items():
        file = root / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


SECRETS = (
    *("POLARS_CLOUD_CLIENT_SECRET", "POLARS_AUTH", "OPENBLAS_TOKEN", "ARROW_PASSWD"),
    *("OMP_PASSPHRASE", "MALLOC_PW", "NVIDIA_API_KEY", "CUDA_LICENSE_KEY", "DASK_GATEWAY__AUTH"),
    *("ENGINEBENCH_PASSWORD", "RMM_PIN", "CUDF_PW", "LC_PASSWORD", "SPARK_HOME_PW"),
)
"""Names that begin like a library's."""


def test_no_secret_reaches_an_engine_or_the_results(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "s")
    assert not set(SECRETS) & inherited_environment().keys()
    for name in engines.names():
        assert not set(SECRETS) & read_by(engines.get(name), os.environ).keys()
        assert not any("*" in variable for variable in engines.get(name).variables)


def test_an_engine_reads_its_own_variables_and_those_of_its_libraries() -> None:
    environment = {
        "POLARS_ENGINE_AFFINITY": "streaming",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_PROC_BIND": "true",
        "TZ": "UTC",
        "TZDIR": "/usr",
        "HOME": "/root",
        **dict.fromkeys(SECRETS, "s"),
    }
    shared = {"ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_PROC_BIND": "true", "TZ": "UTC"}
    assert read_by(engines.get("duckdb"), environment) == shared
    assert read_by(engines.get("polars"), environment) == {
        **shared,
        "POLARS_ENGINE_AFFINITY": "streaming",
    }


@pytest.mark.parametrize(
    ("groups", "files", "cores"),
    [
        ("0::/a/b\n", {"a__b__cpu.max": "max 100000", "a__cpu.max": "150000 100000"}, 1.5),
        ("4:cpu,cpuacct:/a\n0::/\n", {"cpu__a__cpu.cfs_quota_us": "50000"}, 0.5),
        ("4:cpu:/a\n", {"cpu__a__cpu.cfs_quota_us": "-1"}, None),
        ("", {}, None),
    ],
)
def test_the_cores_that_control_groups_grant(
    tmp_path: Path, groups: str, files: dict[str, str], cores: float | None
) -> None:
    written(tmp_path, proc__self__cgroup=groups)
    written(tmp_path / "sys/fs/cgroup", cpu__a__cpu_dot_cfs_period_us="100000", **files)
    assert granted_cores(tmp_path) == cores


def test_the_memory_that_control_groups_grant_is_told_along_the_way(tmp_path: Path) -> None:
    written(tmp_path, proc__self__cgroup="0::/a/b\n7:memory:/c\n")
    written(
        tmp_path / "sys/fs/cgroup",
        **{
            "a__b__memory.max": "max",
            "a__b__memory.current": "500",
            "a__memory.max": "3000",
            "a__memory.current": "1000",
            "memory__c__memory.limit_in_bytes": str(2**63 - 4096),
            "memory__c__memory.usage_in_bytes": "1000",
        },
    )
    assert memories(tmp_path) == [Memory(limit=3000, free=2000)]
    assert memories(tmp_path / "nowhere") == []


def test_the_governors_are_listed_once_each(tmp_path: Path) -> None:
    place = "sys/devices/system/cpu/cpu{}/cpufreq/scaling_governor"
    for number, name in enumerate(["powersave", "performance", "powersave"]):
        file = tmp_path / place.format(number)
        file.parent.mkdir(parents=True)
        file.write_text(f"{name}\n")
    assert governor(tmp_path) == "performance, powersave"
    assert governor(tmp_path / "nowhere") is None


def test_the_disk_is_the_one_below_a_folder_that_need_not_exist() -> None:
    proc = disk_of(Path("/proc/1/nothing"))
    assert proc == DiskEntry(device="proc", filesystem="proc", rotational=None)
    assert disk_of(Path("/")) is not None


def test_a_run_s_surroundings_hold_what_its_engines_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POLARS_VERBOSE", "0")
    monkeypatch.setenv("POLARS_MAX_THREADS", "7")  # --threads decides
    found = surroundings({"duckdb": engines.get("duckdb")}, tmp_path)
    assert "POLARS_VERBOSE" not in found.variables
    of_polars = surroundings({"mine": engines.get("polars")}, tmp_path, threads=[1, 4])
    assert of_polars.variables["POLARS_VERBOSE"] == "0"
    assert "POLARS_MAX_THREADS" not in of_polars.variables
    of_blas = {"OPENBLAS_NUM_THREADS": "1"}
    assert of_polars.set_by_harness == {
        "mine": {count: {**of_blas, "POLARS_MAX_THREADS": count} for count in ("1", "4")}
    }
    assert found.load_before == pytest.approx(os.getloadavg()[0], abs=1)


def test_an_engine_under_another_name_differs_in_label_colour_and_variables() -> None:
    polars = engines.get("polars")
    new = engines.get("new=polars@POLARS_ENGINE_AFFINITY=streaming@POLARS_VERBOSE=0")
    assert new.label == "Polars (new)"
    assert new.colour != polars.colour
    assert new.version() == polars.version()
    assert new.environment(3) == {
        "OPENBLAS_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": "3",
        "POLARS_ENGINE_AFFINITY": "streaming",
        "POLARS_VERBOSE": "0",
    }
    assert engines.get("polars@POLARS_VERBOSE=0").label == "Polars (POLARS_VERBOSE=0)"
    assert isinstance(engines.get("mine=harness.commands.selfcheck.planted:Planted"), Planted)


def test_no_package_takes_the_place_of_an_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "other-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: other\nVersion: 1\n")
    lines = "[harness.engines]\nduckdb = a_fast_one:Engine\nother = a_fast_one:Engine\n"
    (folder / "entry_points.txt").write_text(lines)
    monkeypatch.syspath_prepend(tmp_path)
    found = announced.__wrapped__("harness.engines")
    assert found["duckdb"].value == "harness.engines.sql.duckdb:DuckDB"
    assert found["other"].value == "a_fast_one:Engine"


@pytest.mark.parametrize("name", engines.names())
def test_no_threads_of_numpy_spin_beside_an_engine_s_own(name: str) -> None:
    assert int(engines.get(name).environment(3)["OPENBLAS_NUM_THREADS"]) <= 3


@pytest.mark.parametrize("text", ["=polars", "a=", "a=b=polars", "polars@X", "new polars", ""])
def test_what_is_no_engine_s_name_is_told(text: str) -> None:
    with pytest.raises(UnknownEngine, match=r"is not|there is no engine"):
        engines.get(text)


def test_an_unknown_engine_under_another_name_gets_a_suggestion() -> None:
    with pytest.raises(UnknownEngine, match=r"no engine 'polar'; did you mean 'polars'\?"):
        engines.get("new=polar")


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("polars", "polars"),
        ("new=polars@A=1", "new"),
        ("polars@A=1", "polars@A=1"),
        ("late=a.b:C", "late"),
    ],
)
def test_an_engine_is_called_by_the_name_that_it_was_given(name: str, called: str) -> None:
    assert engines.short(name) == called


def test_a_run_hands_variables_on_and_writes_them_down(tmp_path: Path) -> None:
    """A user's program answers with an environment variable: as inherited, and as ``@`` sets it.

    The results file records the variables that the engine's library reads, and no others.
    """
    project = Project(tmp_path).write(
        that_yaml="tables: {t: t.csv}\nqueries:\n  q1:\n"
        "    sql: select k, 7 as x from t group by k\n    native: {polars: spy.py:query}\n",
        spy_py="import os\nimport polars as pl\n\n\ndef query(t):\n"
        '    value = int(os.environ.get("POLARS_JOIN_SAMPLE_LIMIT", 0))\n'
        '    return t("t").lazy().select("k").unique().with_columns(x=value).collect()\n',
        t_csv=TABLE,
    )
    engines_asked = "polars,six=polars@POLARS_JOIN_SAMPLE_LIMIT=6"
    done = project.benchmark(
        "that.yaml", "--engines", engines_asked, POLARS_JOIN_SAMPLE_LIMIT="7", POLARS_TOKEN="x"
    )
    found = project.results()
    assert [(c["engine"], c["outcome"]) for c in found["cells"]] == [
        ("polars", "ok"),
        ("polars-spy=polars", "ok"),
        ("six=polars@POLARS_JOIN_SAMPLE_LIMIT=6", "ok"),
        ("six-spy=polars@POLARS_JOIN_SAMPLE_LIMIT=6", "wrong"),
    ], done.all
    assert found["environment"]["variables"]["POLARS_JOIN_SAMPLE_LIMIT"] == "7"
    assert "POLARS_TOKEN" not in found["environment"]["variables"]
    assert "\n  six-spy     wrong" in done.out
    labels = [engine["label"] for engine in found["engines"].values()]
    assert labels == ["Polars", "Polars: spy", "Polars (six)", "Polars (six-spy)"]
    assert len(found["noise"]["probe_seconds"]) >= 8
