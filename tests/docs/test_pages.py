"""Pages are split where Markdown splits them."""

from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, parse

TEXT = """\
# First *page*, `one`

See [two](two.md#the-end) and [the web](https://www.example.com/).

```python
import socket
```

* In a list:

  ~~~~ text
  ```python
  [no](link.md)
  ~~~~

```python
print(socket)
```
## Next_step ##
"""


def test_blocks_and_prose() -> None:
    page = parse(ROOT / "docs" / "one.md", TEXT)
    assert page.name == "docs/one.md"
    assert page.blocks == (
        Block("python", 6, ("import socket",)),
        Block("text", 12, ("```python", "[no](link.md)")),
        Block("python", 17, ("print(socket)",)),
    )
    assert page.anchors == {"first-page-one", "next_step"}
    assert list(page.links()) == [(3, "two.md#the-end")]


def test_python_keeps_its_line_numbers() -> None:
    lines = parse(Path("one.md"), TEXT).python.splitlines()
    assert (lines[5], lines[16]) == ("import socket", "print(socket)")
    assert not any(line for number, line in enumerate(lines) if number not in (5, 16))


def test_a_block_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="one.md:2: the block has no end"):
        parse(Path("one.md"), "text\n```python\nprint()\n")
