"""Erased keys leave the numbering; everybody else keeps their number, whatever was open or is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.bitmap.erasing import erase_keys, erased
from engine.bitmap.ordinals import SiteOrdinals
from tests.engine.bitmap.test_ordinals import Site


def ordinals(one: SiteOrdinals) -> list[str]:
    return [str(key) for key in one.keys_of(np.arange(one.capacity, dtype=np.uint32))]


def test_the_others_keep_their_numbers_and_who_comes_back_has_another(tmp_path: Path) -> None:
    site = Site(tmp_path, "VARCHAR")
    site.show(["ana", "bruno"])
    site.update()
    site.show(["ana", "bruno", "carla"])
    _, before = site.update()
    assert erase_keys(site.segments, site.folder, ["bruno", "carla", "nobody"]) == (1, 0)
    assert ordinals(SiteOrdinals("default", site.segments, site.folder)) == ["ana", "erased:1", "erased:2"]
    for path in site.folder.rglob("*"):
        assert b"bruno" not in path.read_bytes()
        assert b"carla" not in path.read_bytes()
    dictionary, after = site.update()
    assert after == {"ana": before["ana"], "bruno": 3, "carla": 4}
    assert dictionary.epoch == 0
    assert erase_keys(site.segments, site.folder, ["bruno"]) == (1, 0)
    assert ordinals(SiteOrdinals("default", site.segments, site.folder))[3:] == ["erased:3", "carla"]


def test_whoever_has_the_numbering_open_goes_on(tmp_path: Path) -> None:
    site = Site(tmp_path, "VARCHAR")
    site.show(["ana", "bruno"])
    site.update()
    opened = SiteOrdinals("default", site.segments, site.folder)
    erase_keys(site.segments, site.folder, ["ana"])
    assert ordinals(opened) == ["erased:0", "bruno"]


def test_what_is_damaged_begins_anew_and_old_files_go(tmp_path: Path) -> None:
    site = Site(tmp_path, "VARCHAR")
    site.show(["ana", "bruno"])
    site.update()
    (file,) = site.folder.iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    assert erase_keys(site.segments, site.folder, ["ana"]) == (1, 0)
    assert not list(site.folder.iterdir())
    dictionary, found = site.update()
    assert (dictionary.epoch, sorted(found)) == (1, ["ana", "bruno"])


def test_integers_hold_nobody(tmp_path: Path) -> None:
    site = Site(tmp_path, "BIGINT")
    site.show([1, 10**12])
    _, before = site.update()
    assert erase_keys(site.segments, site.folder, ["1", "x"]) == (1, 0)
    _, after = site.update()
    assert after == before


def test_members_of_old_snapshots_who_were_erased_are_known() -> None:
    keys = np.array(["ana", "erased:7", "bruno"])
    assert erased(keys, {"bruno"}).tolist() == [False, True, True]
