"""The tests of beastly. The folders mirror those of the package; `support` is for tests only."""
