"""Tests of the annotations, as another project sees them."""
