"""Settings: typed, checked, from the environment, a file of the data folder or a file of their own."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from stormproof.core.env import WrongSetting, read_env, settings_file


def test_without_any_every_setting_has_its_default() -> None:
    found = read_env({})
    assert (found.port, found.web_workers, found.debug, found.database_url) == (8000, 2, False, "")
    assert found.live_url == "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("STORMPROOF_PORT", "eighty", "'eighty' is no whole number from 1 to 65533"),
        ("STORMPROOF_PORT", "65535", "'65535' is no whole number from 1 to 65533"),
        ("STORMPROOF_DEBUG", "perhaps", "'perhaps' is neither yes nor no"),
        ("STORMPROOF_PUBLIC_URL", "shop.example", "'shop.example' is no http:// or https:// address"),
        ("STORMPROOF_SMTP_URL", "mail.example:25", "write smtp://user:password@host:port"),
        ("STORMPROOF_ALLOWED_NETWORKS", "10.0.0.1/8", "has host bits set"),
        ("STORMPROOF_LOG_FORMAT", "xml", "'xml' is none of auto, json, console"),
        ("DATABASE_URL", "mysql://x", "only PostgreSQL"),
        ("STORMPROOF_PORTT", "1", "there is no such setting"),
    ],
)
def test_a_wrong_setting_is_named_with_the_way_out(name: str, value: str, says: str) -> None:
    with pytest.raises(WrongSetting, match=f"^{name}: ") as caught:
        read_env({name: value})
    assert says in str(caught.value)


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from the file\n")
    assert read_env({"STORMPROOF_SECRET_KEY_FILE": str(tmp_path / "key")}).secret_key == "from the file"


def test_a_secret_file_that_is_missing_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match=r"STORMPROOF_SECRET_KEY_FILE: .* cannot be read"):
        read_env({"STORMPROOF_SECRET_KEY_FILE": str(tmp_path / "none")})


def test_networks_are_read_as_networks() -> None:
    found = read_env({"STORMPROOF_ALLOWED_NETWORKS": "10.0.0.0/8, ::1/128"})
    assert found.allowed_networks == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))


def test_the_file_of_the_data_folder_names_its_wrong_line(tmp_path: Path) -> None:
    file = tmp_path / "settings.env"
    assert settings_file(file) == {}
    file.write_text("# a comment\nSTORMPROOF_PORT=9000\n\n")
    assert settings_file(file) == {"STORMPROOF_PORT": "9000"}
    file.write_text("STORMPROOF_PORT=9000\nwhat\n")
    with pytest.raises(WrongSetting, match="line 2"):
        settings_file(file)
