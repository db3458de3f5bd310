"""Everything the engine may import, imported once: processes forked from here begin with it."""

from __future__ import annotations

import pkgutil
from importlib import import_module

_BESIDE = (
    "duckdb",
    "lmdb",
    "numpy",
    "pandas",
    "phonenumbers",
    "pyarrow.compute",
    "pyarrow.ipc",
    "pyarrow.parquet",
    "pyroaring",
    "sqlglot",
    "sqlglot.dialects.duckdb",
    "cryptography.hazmat.primitives.ciphers.aead",
)


def warm(*packages: str) -> None:
    """Import some packages of the engine (by default all) and the libraries they work with; opens nothing."""
    import engine

    for name in _BESIDE:
        import_module(name)
    for module in pkgutil.walk_packages(engine.__path__, "engine."):
        wanted = not packages or module.name.split(".")[1] in packages
        if wanted and not module.name.endswith("__main__"):
            import_module(module.name)
