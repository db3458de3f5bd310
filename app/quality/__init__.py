"""The quality of data: what contracts say, and whether it holds."""
