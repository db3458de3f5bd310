"""Tests of app.lookalike."""
