"""Uses the keyring of the session bus it runs on: kept, read, forgotten, locked. One line of JSON says what happened."""

from __future__ import annotations

import json
import sys

from engine.errors import EngineError
from engine.secrets.ring import Ring


def main() -> None:
    """Run under ``dbus-run-session`` with an unlocked Secret Service."""
    import secretstorage

    ring = Ring("convoke-test")
    ring.set("meta", "first")
    ring.set("meta", "second")
    found = [ring.get("meta"), ring.get("other"), Ring("convoke-other").get("meta")]
    ring.remove("meta")
    found.append(ring.get("meta"))
    ring.set("meta", "third")
    secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
    try:
        found.append(ring.get("meta"))
    except EngineError as error:
        found.append(error.code)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
