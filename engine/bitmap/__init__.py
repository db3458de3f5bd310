"""Sets of profiles as roaring bitmaps over stable ordinals: found by shared scans, kept, and combined."""
