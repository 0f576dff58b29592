"""Ready-made journeys (ひな形): documents shipped with the product, made a shop's own as drafts."""
