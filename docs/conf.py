"""How `make docs` turns these pages into HTML. They are plain Markdown and read well without it."""

from pathlib import Path
from runpy import run_path

project = "beastly"
author = "the beastly contributors"
release = run_path(str(Path(__file__).parent.parent / "beastly" / "_version.py"))["__version__"]

extensions = ["myst_parser"]
exclude_patterns = ["examples"]
myst_heading_anchors = 4
nitpicky = True
# index.md links to every page, which a test sees to; a toctree would be noise in plain Markdown.
suppress_warnings = ["toc.not_included"]
html_title = f"beastly {release}"
