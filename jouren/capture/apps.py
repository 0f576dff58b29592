from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CaptureConfig(AppConfig):
    name = "jouren.capture"
    label = "capture"
    verbose_name = _("Capture")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jouren.capture import ordering
        from jouren.capture.erasure import erase_people, merge_people
        from jouren.capture.event_types import register_event_types
        from jouren.capture.gifts.actions import PURPOSE
        from jouren.capture.gifts.queries import gift_choices, shown_in_messages
        from jouren.capture.queries import count_unknown_visitors
        from jouren.contacts.actions import register_eraser, register_merger
        from jouren.messaging.gifts import register_gifts
        from jouren.messaging.purposes import Purpose, register_purpose
        from jouren.pyramid.queries import register_base_count

        register_event_types()
        register_gifts(gift_choices, shown_in_messages)
        register_purpose(Purpose(PURPOSE, _("New link to a gift"), ("gift_url", "gift_title")))
        register_purpose(Purpose(ordering.PURPOSE, _("Order by bank transfer received"), ordering.VARIABLES))
        register_eraser("capture", erase_people)
        register_merger("capture", merge_people)
        register_base_count("visitors", count_unknown_visitors)
