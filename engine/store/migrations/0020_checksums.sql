-- From here on every page of the store carries a checksum (engine/store/checksums.py). An earlier Convoke would write
-- pages without one, so it refuses this version.
SELECT 1;
