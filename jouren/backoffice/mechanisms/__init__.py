"""The four mechanisms of the pyramid and lapses (仕組み): all rules on one screen, in words, with whom they concern."""
