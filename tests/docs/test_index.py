"""The first page leads to all others."""

from tests.docs.pages import ROOT, pages, read


def test_index_links_to_every_page() -> None:
    docs = ROOT / "docs"
    linked = {target.partition("#")[0] for _, target in read(docs / "index.md").links()}
    all_pages = {
        page.path.relative_to(docs).as_posix() for page in pages() if docs in page.path.parents
    }
    assert all_pages - linked == {"index.md"}
