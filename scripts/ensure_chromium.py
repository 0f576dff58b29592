"""Makes sure that the browser tests find a Chromium, and prints which one they use.

In order: what ``CHROMIUM`` names, the system's, Playwright's own if it was fetched before; else one is installed,
by apt when this runs as root on a system that has it, otherwise by Playwright.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """The path of a Chromium of the system's, or None."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return shutil.which(chosen)
    return next((path for path in map(shutil.which, _NAMES) if path), None)


def find_playwrights_own() -> str | None:
    """The path of the Chromium that Playwright has fetched, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> str | None:
    """Install a Chromium. Returns its path, or None when no way worked."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "-qq", "update"], env=environment, check=False)
        subprocess.run(
            ["apt-get", "-qq", "install", "-y", "--no-install-recommends", "chromium"], env=environment, check=False
        )
        # Ubuntu's package is only a pointer to a snap, which does not run in a container.
        found = find_chromium()
        if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
            return found
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find_playwrights_own()


def main() -> None:
    path = find_chromium() or find_playwrights_own() or install()
    if path is None:
        sys.exit("No Chromium was found, and none could be installed. Install one, or name it: CHROMIUM=/path")
    print(f"Browser tests use {path}")


if __name__ == "__main__":
    main()
