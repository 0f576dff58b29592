"""Makes sure that the browser tests find a Chromium, and prints which one they use.

In order: what ``CHROMIUM`` names, the system's, Playwright's own if it was fetched before; else one is installed,
by apt when this runs as root on a system that has it, otherwise by Playwright. Debian's headless shell, which is
Chromium without windows, opens a page with two thirds of the work, so it comes first, and root gets it by apt.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

_SHELL = "chromium-headless-shell"
_NAMES = (_SHELL, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


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
    # Ubuntu's package is only a pointer to a snap, which does not run in a container.
    found = install_by_apt(_SHELL) or install_by_apt("chromium")
    if found:
        return found
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find_playwrights_own()


def install_by_apt(package: str) -> str | None:
    """Install a package of Debian's. Returns the path of the command of that name, or None where it does not run."""
    if os.geteuid() != 0 or not shutil.which("apt-get") or not _has_package(package):
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "Acquire::Retries=0", "-o", "Acquire::http::Timeout=20"]
    for command in (["update"], ["install", "-y", "--no-install-recommends", package]):
        subprocess.run([*apt, *command], env=environment, stdout=subprocess.DEVNULL, timeout=600, check=False)
    found = shutil.which(package)
    runs = found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0
    return found if runs else None


def _has_package(package: str) -> bool:
    """Whether this system may have it: Debian does, and its derivatives with some of their own do not."""
    try:
        system = platform.freedesktop_os_release().get("ID")
    except OSError:
        return False
    return system == "debian" or package != _SHELL


def main() -> None:
    path = find_chromium() or find_playwrights_own() or install()
    if path and not os.environ.get("CHROMIUM") and Path(path).name != _SHELL:
        path = install_by_apt(_SHELL) or path
    if path is None:
        sys.exit("No Chromium was found, and none could be installed. Install one, or name it: CHROMIUM=/path")
    print(f"Browser tests use {path}")


if __name__ == "__main__":
    main()
