"""What the web server runs: Django, with what must answer faster or earlier than Django in front of it."""

import os

from django.core.wsgi import get_wsgi_application

from jouren.core.interpreter import collect_rarely

collect_rarely()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "jouren.settings")
django_application = get_wsgi_application()

# These need the apps that get_wsgi_application has loaded.
from jouren.api.fast import with_fast_paths  # noqa: E402
from jouren.core.health import with_healthz  # noqa: E402

application = with_healthz(with_fast_paths(django_application))
