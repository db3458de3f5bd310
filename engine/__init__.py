"""The headless engine: everything Convoke can do, without a screen."""

__version__ = "0.1.0"
