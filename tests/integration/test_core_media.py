"""Uploaded files are served so that nothing in them can run, and only those that are public."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

# Whoever answers a request looks after the thread's database connection.
pytestmark = pytest.mark.django_db


@pytest.fixture
def media(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    for folder in ("images", "original_images", "documents"):
        (tmp_path / "media" / folder).mkdir(parents=True)
    (tmp_path / "secret_key").write_text("key")
    return tmp_path / "media"


def get(path: str) -> HttpResponse:
    return Client().get(f"/media/{path}")


def test_a_picture_is_shown_and_its_type_is_not_guessed(media: Path) -> None:
    (media / "images" / "a.png").write_bytes(b"\x89PNG")
    answer = get("images/a.png")
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert b"".join(answer.streaming_content) == b"\x89PNG"  # type: ignore[attr-defined]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.xhtml", "a"])
def test_what_could_run_a_script_is_only_offered_for_download(media: Path, name: str) -> None:
    (media / "images" / name).write_text("<svg onload=alert(1)>")
    answer = get(f"images/{name}")
    assert (answer.status_code, answer["Content-Disposition"]) == (200, "attachment")
    answer.close()


@pytest.mark.parametrize(
    "path",
    ["documents/contract.pdf", "images/", "images/../documents/contract.pdf", "images/..%2f..%2f..%2fsecret_key"],
)
def test_private_files_folders_and_ways_out_are_not_found(media: Path, path: str) -> None:
    (media / "documents" / "contract.pdf").write_text("private")
    assert get(path).status_code == 404


def test_a_picture_can_not_be_posted_to(media: Path) -> None:
    assert Client().post("/media/images/a.png").status_code == 405
