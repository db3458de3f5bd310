"""Tests of engine.lookalike."""
