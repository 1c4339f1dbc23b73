"""Benchmarks. They are run by `make bench`, never collected as tests."""
