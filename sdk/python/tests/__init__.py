"""Tests of the SDK itself: `python3 -m unittest` in this folder."""
