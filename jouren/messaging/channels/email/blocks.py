"""What a mail is edited from."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.images.blocks import ImageChooserBlock

from jouren.messaging import gifts, surveys
from jouren.messaging.channels.email.links import problem_of_link
from jouren.messaging.offers import choices as offer_choices
from jouren.messaging.voices import NOTHING, given_choices, product_choices, voice_choices
from jouren.story.interview import block_choices as story_choices

TEXT_FEATURES = ["h2", "h3", "bold", "italic", "ol", "ul", "link", "hr"]


class LinkBlock(blocks.CharBlock):
    """The address of a link, or a variable: what no mail could hold is told where it was typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2000, **kwargs)

    def clean(self, value: str) -> str:
        """The address without spaces around it. Raises ValidationError."""
        url = str(super().clean(value)).strip()
        if url and (problem := problem_of_link(url)):
            raise ValidationError(problem)
        return url


class ButtonBlock(blocks.StructBlock):
    """A call to action. The URL may hold variables, such as ``{{ confirm_url }}``."""

    text = blocks.CharBlock(label=_("Text"), max_length=60)
    url = LinkBlock(label=_("Address (URL)"))

    class Meta:
        icon = "link"
        label = _("Button")


class SurveyBlock(blocks.StructBlock):
    """A survey's first question with a button for each answer. Each leads to the reader's own page."""

    survey = blocks.ChoiceBlock(choices=surveys.choices, refers_to="inbox.Survey", label=_("Survey"))

    class Meta:
        icon = "help"
        label = _("Survey")


class GiftBlock(blocks.StructBlock):
    """The gift of a form with a button. The link is the reader's own, and good for the gift's days from the sending."""

    form = blocks.ChoiceBlock(choices=gifts.choices, refers_to="capture.Form", label=_("Gift"))

    class Meta:
        icon = "download"
        label = _("Gift")


class ImageBlock(blocks.StructBlock):
    image = ImageChooserBlock(label=_("Image"))
    alt = blocks.CharBlock(label=_("Description for those who do not see it"), max_length=200, required=False)
    url = LinkBlock(label=_("Address (URL)"), required=False)

    class Meta:
        icon = "image"
        label = _("Image")


class VideoBlock(blocks.StructBlock):
    """Mail cannot play video, so it shows a picture that leads to it."""

    image = ImageChooserBlock(label=_("Thumbnail"))
    title = blocks.CharBlock(label=_("Title"), max_length=200)
    url = LinkBlock(label=_("Address of the video (URL)"))

    class Meta:
        icon = "media"
        label = _("Video")


class QuoteBlock(blocks.StructBlock):
    text = blocks.TextBlock(label=_("Text"))
    source = blocks.CharBlock(label=_("Who said it"), max_length=200, required=False)

    class Meta:
        icon = "openquote"
        label = _("Quote")


class OfferBlock(blocks.StructBlock):
    """An offer with its price, the person's own deadline and their own link; only for whom it is open to."""

    offer = blocks.ChoiceBlock(choices=offer_choices, refers_to="catalog.Offer", label=_("Offer"))
    if_closed = blocks.ChoiceBlock(
        choices=[
            ("skip", _("They do not get the message")),
            ("leave_out", _("They get the message without this block")),
        ],
        default="skip",
        label=_("To whom the offer is closed"),
        help_text=_("Of several offers with the first choice, one that is open is enough."),
    )

    class Meta:
        icon = "tag"
        label = _("Offer")


class VoicesBlock(blocks.StructBlock):
    """What customers said and allowed to be shown: looked up when the mail goes, so nothing withdrawn is in it."""

    product = blocks.ChoiceBlock(
        choices=product_choices, refers_to="catalog.Product", required=False, label=_("Voices of the product")
    )
    most = blocks.IntegerBlock(label=_("At most"), min_value=1, max_value=10, default=3)
    chosen = blocks.ListBlock(
        blocks.ChoiceBlock(choices=voice_choices, refers_to="content.Voice", label=_("Voice")),
        label=_("Chosen by hand"),
        default=[],
        help_text=_("None chosen: the newest. Only what is approved is shown, and nothing where nothing is."),
    )

    class Meta:
        icon = "openquote"
        label = _("Customers' voices")


class VoiceAskBlock(blocks.StructBlock):
    """Asks a reader for their own words, by a link to their own page."""

    product = blocks.ChoiceBlock(
        choices=product_choices, refers_to="catalog.Product", required=False, label=_("About the product")
    )
    given = blocks.ChoiceBlock(
        choices=given_choices,
        default=NOTHING,
        label=_("What you give in return"),
        help_text=_("It is shown beside their words, as the law on hidden advertising (ステマ告示) wants."),
    )

    class Meta:
        icon = "comment"
        label = _("Ask for their words")


class StoryBlock(blocks.StructBlock):
    """The owner's own words from the interview, as they are when the mail goes."""

    heading = blocks.CharBlock(label=_("Heading"), max_length=150, required=False)
    show = blocks.ChoiceBlock(choices=story_choices, label=_("Which answer"))

    class Meta:
        icon = "user"
        label = _("Owner's story")


class EmailContentBlock(blocks.StreamBlock):
    text = blocks.RichTextBlock(label=_("Text"), features=TEXT_FEATURES, icon="pilcrow")
    button = ButtonBlock()
    survey = SurveyBlock()
    image = ImageBlock()
    video = VideoBlock()
    quote = QuoteBlock()
    story = StoryBlock()
    voices = VoicesBlock()
    voice_ask = VoiceAskBlock()
    offer = OfferBlock()
    gift = GiftBlock()


class EmailBodyBlock(blocks.StructBlock):
    """The body of a message as mail."""

    subject = blocks.CharBlock(label=_("Subject"), max_length=200)
    preheader = blocks.CharBlock(
        label=_("Preview text"), max_length=200, required=False, help_text=_("Shown after the subject in a mailbox.")
    )
    content = EmailContentBlock(label=_("Content"))

    class Meta:
        icon = "mail"
        label = _("Mail")


class BodiesBlock(blocks.StreamBlock):
    """One body a channel; the name of a child block is the name of its channel."""

    email = EmailBodyBlock()

    class Meta:
        block_counts = {"email": {"max_num": 1}}
