"""Offers: a product at a price, for whom, and until when; coupons; who saw and took them (オファー)."""


def register() -> None:
    """Called when the room starts."""
    from jouren.catalog.offers import event_types, people
    from jouren.catalog.offers.queries import OFFERS, offer_choices
    from jouren.conditions.choices import register_choices
    from jouren.contacts.actions import register_eraser, register_merger
    from jouren.contacts.segments.actions import register_segment_use

    event_types.register()
    register_choices(OFFERS, offer_choices)
    register_merger("catalog.offers", people.merge_people)
    register_segment_use("catalog.offers", people.segment_uses)
    register_eraser("catalog.offers", people.erase_people)
