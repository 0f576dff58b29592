"""Settings from the environment: what is accepted, and how a wrong value is refused."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from jouren.core.config import SETTINGS, ImapAddress, SmtpAddress, read_config
from jouren.core.errors import ConfigError

KEY = "k" * 40
DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def read(home: Path, **env: str):
    return read_config({"JOUREN_HOME": str(home), **env})


def test_an_empty_environment_gives_a_local_installation(tmp_path: Path) -> None:
    config = read(tmp_path)
    assert config.home == tmp_path
    assert config.uses_embedded_database
    assert config.base_url == "http://127.0.0.1:8000"
    assert config.email is None
    assert config.mail_from == "Jouren <noreply@localhost>"
    assert (config.sandbox, config.debug, config.worker_processes) == (False, False, 3)


def test_a_secret_key_is_made_once_kept_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    first, second = read(tmp_path).secret_key, read(tmp_path).secret_key
    assert first == second == (tmp_path / "secret_key").read_text()
    assert len(first) >= 48
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_an_empty_kept_key_is_refused_not_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("\n")
    with pytest.raises(ConfigError, match="is empty"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("smtp://relay.example.jp", SmtpAddress("relay.example.jp", 25)),
        ("smtp://u:p%40ss@relay:2525", SmtpAddress("relay", 2525, "u", "p@ss")),
        ("smtp+tls://u:p@relay", SmtpAddress("relay", 587, "u", "p", "starttls")),
        ("smtps://u:p@relay", SmtpAddress("relay", 465, "u", "p", "tls")),
    ],
)
def test_a_relay_is_named_by_url(tmp_path: Path, url: str, address: SmtpAddress) -> None:
    assert read(tmp_path, JOUREN_EMAIL_URL=url).email == address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("", None),
        ("imaps://u:p@box", ImapAddress("box", 993, "u", "p", "tls", "INBOX")),
        ("imap+tls://u:p@box/", ImapAddress("box", 143, "u", "p", "starttls", "INBOX")),
        ("imap://u:p@box:1143/Shop/Replies", ImapAddress("box", 1143, "u", "p", "none", "Shop/Replies")),
        (
            "imaps://a%40example.jp:p%2F%23@box/%E8%BF%94%E4%BF%A1",
            ImapAddress("box", 993, "a@example.jp", "p/#", "tls", "返信"),
        ),
        ("imaps://a@example.jp:p@box", ImapAddress("box", 993, "a@example.jp", "p")),
    ],
)
def test_the_mailbox_of_replies_is_named_by_url(tmp_path: Path, url: str, address: ImapAddress | None) -> None:
    assert read(tmp_path, JOUREN_REPLIES_URL=url).replies == address


def test_any_setting_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "relay"
    secret.write_text("smtps://shop:hunter2@relay\n")
    assert read(tmp_path, JOUREN_EMAIL_URL_FILE=str(secret)).email == SmtpAddress(
        "relay", 465, "shop", "hunter2", "tls"
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"JOUREN_SECRET_KEY_FILE: '/nowhere/key' cannot be read \(No such file"):
        read(tmp_path, JOUREN_SECRET_KEY_FILE="/nowhere/key")


def test_a_value_and_a_file_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="JOUREN_SECRET_KEY and JOUREN_SECRET_KEY_FILE are both set"):
        read(tmp_path, JOUREN_SECRET_KEY=KEY, JOUREN_SECRET_KEY_FILE="/run/key")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://u:hunter2@db/x"),
        ("DATABASE_URL", "postgresql://u:hunter2@db"),
        ("DATABASE_URL", "postgresql://u:hunter2@db:port/x"),
        ("JOUREN_BASE_URL", "mail.example.jp"),
        ("JOUREN_BASE_URL", "ftp://mail.example.jp"),
        ("JOUREN_BASE_URL", "https://mail.example.jp/shop"),
        ("JOUREN_BASE_URL", "https://u:hunter2@mail.example.jp"),
        ("JOUREN_BASE_URL", "https://[half"),
        ("JOUREN_EMAIL_URL", "relay:25"),
        ("JOUREN_EMAIL_URL", "smtp://u:hunter2@"),
        ("JOUREN_EMAIL_URL", "smtp://u:hunter2@relay:notaport"),
        ("JOUREN_EMAIL_URL", "smtp://u:hunter2@relay:25/path"),
        ("JOUREN_REPLIES_URL", "pop3://u:hunter2@box"),
        ("JOUREN_REPLIES_URL", "imaps://u:hunter2@"),
        ("JOUREN_REPLIES_URL", "imaps://:hunter2@box"),
        ("JOUREN_REPLIES_URL", "imaps://hunter2@box"),
        ("JOUREN_REPLIES_URL", "imaps://u:hunter2@box:port"),
        ("JOUREN_REPLIES_URL", "imaps://u:hunter2@box/INBOX?x"),
        ("JOUREN_REPLIES_URL", "imaps://u:hunter2#@box/INBOX"),
        ("JOUREN_REPLIES_URL", "imaps://u:hunter2@box/a%0d%0ab"),
        ("JOUREN_MAIL_FROM", "not an address"),
        ("JOUREN_MAIL_FROM", "a@example.jp\r\nBcc: b@example.jp"),
        ("JOUREN_SECRET_KEY", "hunter2"),
        ("JOUREN_SANDBOX", "yes"),
        ("JOUREN_DEBUG", "2"),
        ("JOUREN_WEB_PROCESSES", "0"),
        ("JOUREN_WORKER_PROCESSES", "many"),
        ("JOUREN_WORKER_PROCESSES", "٣"),
    ],
)
def test_a_wrong_value_is_refused_with_name_form_and_example_and_without_its_secret(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, **{name: value})
    text = str(refused.value)
    assert text.startswith(f"{name} cannot be used.")
    assert f"It must be: {SETTINGS[name].form}" in text
    assert f"For example: {SETTINGS[name].example}" in text
    assert "hunter2" not in text


def test_a_data_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="JOUREN_HOME cannot be used"):
        read(tmp_path / "file" / "home")


def test_a_printed_config_shows_no_secret(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        JOUREN_SECRET_KEY=KEY,
        DATABASE_URL="postgresql://u:hunter2@db/x",
        JOUREN_EMAIL_URL="smtp://u:hunter2@relay",
        JOUREN_REPLIES_URL="imaps://u:hunter2@box",
    )
    assert "hunter2" not in repr(config)
    assert KEY not in repr(config)


def test_every_example_is_accepted(tmp_path: Path) -> None:
    examples = {name: setting.example for name, setting in SETTINGS.items() if name != "JOUREN_HOME"}
    config = read(tmp_path, **examples)
    assert config.mail_from == "山田商店 <shop@example.jp>"
    assert config.email == SmtpAddress("mail.example.jp", 587, "shop", "secret", "starttls")


def test_the_documented_table_is_this_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \| `(.+)` \| (.+) \|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert rows == [(s.name, s.meaning, s.form, s.example, s.default) for s in SETTINGS.values()]
