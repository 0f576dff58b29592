"""The ways a message can travel. Each channel is a folder here and registers itself when the room starts."""
