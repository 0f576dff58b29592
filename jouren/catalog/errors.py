"""What the catalogue refuses."""

from __future__ import annotations

from jouren.core.errors import UserError


class BadProduct(UserError):
    """A detail of a product cannot be kept. ``field`` names it; empty where it is none in particular."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class BadCode(UserError):
    """A code cannot be one of an order's."""


class CodeTaken(BadCode):
    """The code means another product already."""


class BadOffer(UserError):
    """A detail of an offer cannot be kept. ``field`` names it; empty where it is none in particular."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class OfferClosed(UserError):
    """An offer is not open to a person. ``reason`` is of :class:`jouren.catalog.eligibility.Reason`."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class BadCoupon(UserError):
    """A detail of a coupon or its codes cannot be kept. ``field`` names it; empty where it is none in particular."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class CouponRefused(UserError):
    """A code cannot be used. ``reason``: ``unknown``, ``closed``, ``used_up``, ``used_before``, ``of_another``, or why
    the offer is closed to the person."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
