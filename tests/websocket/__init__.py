"""Tests of `beastly.websocket`, one file for each module."""
