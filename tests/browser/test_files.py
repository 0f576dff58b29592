"""A shop's owner takes a journey out as files, changes it, and brings it back."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from jouren.files.folders import read_zip, write_zip
from tests.browser.test_screens import flaws_at_every_width
from tests.browser.watching import window
from tests.installation import Installation


def test_a_journey_goes_out_and_comes_back_changed(browser: Browser, shop: Installation, tmp_path: Path) -> None:
    with window(browser, shop, locale="ja") as office:
        office.log_in()
        office.open("/admin/journeys/files/import/")
        found = flaws_at_every_width(office)
        with office.page.expect_download() as download:
            office.page.get_by_role("button", name="すべてのシナリオをダウンロード（zip）").click()
        files = read_zip(download.value.path().read_bytes())
        file = min(name for name in files if name.startswith("journeys/"))
        changed = {**files, file: files[file].replace(b"reentry: once", b"reentry: again")}
        assert changed != files
        changed_zip, broken_zip = tmp_path / "changed.zip", tmp_path / "broken.zip"
        changed_zip.write_bytes(write_zip(changed))
        broken_zip.write_bytes(write_zip({**files, file: b"nmae: x\nsteps:\n  - wiat: {}\n"}))

        office.page.set_input_files("#archive", broken_zip)
        office.page.get_by_role("button", name="何が変わるかを見る").click()
        expect(office.page.locator(".jouren-problems li").first).to_contain_text(f"{file}:1")
        found += flaws_at_every_width(office)

        office.page.get_by_role("link", name="別のzipを選ぶ").click()
        office.page.set_input_files("#archive", changed_zip)
        office.page.get_by_role("button", name="何が変わるかを見る").click()
        expect(office.page.locator(".jouren-diff .is-added")).to_have_text("+reentry: again")
        found += flaws_at_every_width(office)
        office.page.get_by_role("button", name="下書きとして取り込む").click()
        expect(office.page.locator(".messages")).to_contain_text("変更1件")
        assert found + office.complaints == []
