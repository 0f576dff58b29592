"""How dates read in Japanese: as Django has them, with room between the day and the time."""

DATETIME_FORMAT = "Y年n月j日 G:i"
