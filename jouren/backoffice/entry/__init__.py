"""The way into the back office: signing in, a forgotten password, and what keeps guessers out."""
