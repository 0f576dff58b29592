"""Jouren's settings, as of a next version that brings one more migration."""

from jouren.settings import *  # noqa: F403
from jouren.settings import INSTALLED_APPS as _INSTALLED_APPS

INSTALLED_APPS = [*_INSTALLED_APPS, "tests.faults.growing"]
