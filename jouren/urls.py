from django.urls import include, path
from django.views.generic import RedirectView
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

from jouren.backoffice.pages import site_pages
from jouren.core.media import picture

urlpatterns = [
    path("admin/", include("jouren.backoffice.entry.urls")),
    path("admin/pages/", site_pages),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("media/<path:path>", picture),
    path("", include("jouren.capture.urls")),
    path("survey/", include("jouren.inbox.urls")),
    path("voice/", include("jouren.content.voices.urls")),
    path("backnumber/", include("jouren.broadcasts.urls")),
    # One way in: pages that only staff may see ask for the same login.
    path("_util/login/", RedirectView.as_view(pattern_name="wagtailadmin_login", query_string=True)),
    path("", include(wagtail_urls)),
]

handler500 = "jouren.content.failures.server_error"
