from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrdersConfig(AppConfig):
    name = "jouren.orders"
    label = "orders"
    verbose_name = _("Orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.catalog.actions import register_code_watcher
        from jouren.catalog.offers.judgements import register_buyers
        from jouren.contacts.actions import register_eraser, register_merger
        from jouren.events.reactions import register_reaction
        from jouren.orders import actions, event_types, facts, queries, reactions

        event_types.register()
        facts.register()
        register_reaction(reactions.REDEEM_COUPONS)
        register_reaction(reactions.KEEP_ORDERS)
        register_reaction(reactions.KEEP_SUBSCRIPTIONS)
        register_merger("orders", actions.merge_orders)
        register_eraser("orders", actions.erase_reasons)
        register_code_watcher("orders", actions.read_anew)
        register_buyers("orders", queries.buyers_since)
