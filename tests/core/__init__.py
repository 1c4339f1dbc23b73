"""Tests of `beastly.core`, one file for each module."""
