"""Makes sure that the tests find Segment's library for Node, which runs against the product as its users run it.

What is needed, each with its version and the sum of its bytes, stands in ``node_packages.json``. It is fetched once,
from npm's registry or the one that ``NPM_CONFIG_REGISTRY`` names, into ``.jouren/node``. The Node that Playwright
brings along runs it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import playwright

ROOT = Path(__file__).parents[1]
PACKAGES = Path(__file__).with_name("node_packages.json")
FOLDER = ROOT / ".jouren" / "node"


def node() -> Path:
    """The Node that Playwright brings along."""
    return Path(playwright.__file__).parent / "driver" / "node"


def ensure_packages() -> Path:
    """The folder with ``node_modules``, each package in it fetched and checked.

    Raises:
        URLError: the registry cannot be reached.
        ValueError: it sent other bytes than those that were looked at.
    """
    for package in json.loads(PACKAGES.read_text("utf-8")):
        name, version = package["name"], package["version"]
        folder = FOLDER / "node_modules" / name
        fetched = folder / f".fetched-{version}"
        if not fetched.exists():
            _unpack(_fetch(name, version, package["integrity"]), folder)
            fetched.touch()
    return FOLDER


def _fetch(name: str, version: str, integrity: str) -> bytes:
    registry = os.environ.get("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org").rstrip("/")
    with urlopen(f"{registry}/{name}/-/{name.rpartition('/')[2]}-{version}.tgz", timeout=60) as answer:
        packed: bytes = answer.read()
    if integrity != "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode():
        raise ValueError(f"{name} {version} is not what it was.")
    return packed


def _unpack(packed: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        members = archive.getmembers()
        for member in members:
            member.name = member.name.partition("/")[2]  # all stand in one folder, mostly named "package"
        archive.extractall(folder, [member for member in members if member.name], filter="data")


def main() -> None:
    try:
        ensure_packages()
    except (URLError, TimeoutError) as error:
        sys.exit(f"Segment's library for Node could not be fetched from the registry of npm: {error}")


if __name__ == "__main__":
    main()
