from jouren.core.errors import UserError


class InvalidEvent(UserError):
    """An event's type is unknown or its payload does not fit the type."""
