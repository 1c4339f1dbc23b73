"""Tests of `beastly.http`, one file for each module."""
