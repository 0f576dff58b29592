"""The inbox (受信箱): people who need a person of the shop."""
