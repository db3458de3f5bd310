"""The headless engine: everything Convoke can do, without a screen."""

import warnings

__version__ = "0.1.0"

# DuckDB 2 advises its own way of asking where Arrow is taken from a cursor; that is no news for whoever runs a command.
warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)
