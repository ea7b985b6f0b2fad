"""Every option in one place: flag > environment > config file > default.

`load_settings` reads them, `setting_names` lists them for docs and command line, `masked` shows them without secrets.
Importing this package reads nothing.
"""

from ticketsync.settings.keys import EncryptionKey, new_key
from ticketsync.settings.load import WEBHOOK_SECRETS, load_settings, settings_files, webhook_secret_place
from ticketsync.settings.models import (
    DEFAULT_DESK,
    PUBLIC_TEST_SECRET,
    AlertSettings,
    DeskSettings,
    RedisSettings,
    SecretPlace,
    Settings,
    SettingsError,
    TeamworkSettings,
    ZendeskSettings,
)
from ticketsync.settings.options import SettingName, setting_names
from ticketsync.settings.show import masked
from ticketsync.settings.values import format_duration, parse_duration, without_passwords

__all__ = [
    "DEFAULT_DESK",
    "PUBLIC_TEST_SECRET",
    "WEBHOOK_SECRETS",
    "AlertSettings",
    "DeskSettings",
    "EncryptionKey",
    "RedisSettings",
    "SecretPlace",
    "SettingName",
    "Settings",
    "SettingsError",
    "TeamworkSettings",
    "ZendeskSettings",
    "format_duration",
    "load_settings",
    "masked",
    "new_key",
    "parse_duration",
    "setting_names",
    "settings_files",
    "webhook_secret_place",
    "without_passwords",
]
