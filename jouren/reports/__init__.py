"""What became of a journey: people and messages by step, as figures, as a picture, as a file."""
