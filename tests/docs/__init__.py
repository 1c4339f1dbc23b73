"""Tests of the documentation: every Python block runs and is type-checked."""
