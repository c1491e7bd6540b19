"""The WSGI application that serves pages and the API."""

import os

from django.core.wsgi import get_wsgi_application

from stormproof.core.clock import now

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stormproof.settings")
application = get_wsgi_application()

from stormproof.core.ticks import keep_ticking  # noqa: E402  (models need Django set up)

keep_ticking("web", clock=now)
