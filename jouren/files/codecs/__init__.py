"""How what an author writes stands in a file: one codec for each kind of block and of model field.

The definitions themselves are the description: a codec is made of a block, so a new step, trigger or block is written,
read, checked and described without a word about files.
"""

from __future__ import annotations

from jouren.files.codecs.base import Codec, Reading, Writing
from jouren.files.codecs.blocks import codec_of
from jouren.files.codecs.fields import codec_of_field

__all__ = ["Codec", "Reading", "Writing", "codec_of", "codec_of_field"]
