from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "jouren.catalog"
    label = "catalog"
    verbose_name = _("Products and offers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.catalog import offers
        from jouren.catalog.queries import PRODUCTS, product_choices
        from jouren.conditions.choices import register_choices

        register_choices(PRODUCTS, product_choices)
        offers.register()
