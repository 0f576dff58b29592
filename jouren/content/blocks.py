"""What a page is built from."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.translation import get_language, override, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.images.blocks import ImageBlock, ImageChooserBlock
from wagtail.snippets.blocks import SnippetChooserBlock

from jouren.capture.sign_up import sign_up_form_of
from jouren.capture.widgets import SuggestingInput
from jouren.content.video import read_video_url
from jouren.content.voices.queries import product_choices, told, voice_choices, voices_shown
from jouren.messaging.voices import Wanted
from jouren.story.interview import block_choices as story_choices
from jouren.story.queries import owner_variables

TEXT_FEATURES = ["bold", "italic", "link", "ol", "ul", "h3"]
MAX_BUTTON_LENGTH = 30


class ButtonTextBlock(blocks.CharBlock):
    """A button's text: one of the offered ones or the author's own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=MAX_BUTTON_LENGTH,
            help_text=_("One glance must tell what one gets. Choose one of the offered texts or write your own."),
            **kwargs,
        )
        self.field.widget = SuggestingInput(attrs={"maxlength": str(MAX_BUTTON_LENGTH)})


class ButtonBlock(blocks.StructBlock):
    """A button that leads to another place, or to the form on the same page."""

    text = ButtonTextBlock(label=_("Text"))
    url = blocks.URLBlock(required=False, label=pgettext_lazy("of a link", "Address"))
    page = blocks.PageChooserBlock(required=False, label=_("Page"))

    class Meta:
        icon = "arrow-right"
        label = _("Button")
        help_text = _("Without an address or a page, the button leads to the form on this page.")
        template = "content/blocks/button.html"

    def clean(self, value: Any) -> Any:
        """A button leads to one place."""
        cleaned = super().clean(value)
        if cleaned.get("url") and cleaned.get("page"):
            raise blocks.StructBlockValidationError(
                block_errors={"url": ValidationError(_("Give an address or a page, not both."))}
            )
        return cleaned

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """Adds ``href``; the form's anchor where nothing else is given."""
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        page = value.get("page")
        context["href"] = value.get("url") or (page.url if page and page.live else "") or "#form"
        return context


class VideoBlock(blocks.StructBlock):
    """A video that loads nothing from elsewhere until the visitor plays it."""

    url = blocks.URLBlock(label=_("Address on YouTube or Vimeo"))
    title = blocks.CharBlock(max_length=150, label=_("Title"))
    poster = ImageChooserBlock(required=False, label=_("Picture before it plays"))

    class Meta:
        icon = "media"
        label = _("Video")
        template = "content/blocks/video.html"

    def clean(self, value: Any) -> Any:
        """Only videos that can be shown."""
        cleaned = super().clean(value)
        if read_video_url(cleaned["url"]) is None:
            raise blocks.StructBlockValidationError(
                block_errors={
                    "url": ValidationError(
                        _("Give the address of a video, for example https://www.youtube.com/watch?v=…")
                    )
                }
            )
        return cleaned

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """Adds ``video`` (None when the address is no video) and ``player``, the small page that a click replaces."""
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        video = read_video_url(value.get("url") or "")
        parts = {"video": video, "title": value.get("title"), "poster": value.get("poster")}
        context["video"] = video
        context["player"] = render_to_string("content/blocks/video_player.html", parts) if video else ""
        return context


class QuoteBlock(blocks.StructBlock):
    """What somebody said."""

    text = blocks.TextBlock(label=_("Quote"), max_length=1000)
    who = blocks.CharBlock(required=False, max_length=100, label=_("Who said it"))

    class Meta:
        icon = "openquote"
        label = _("Quote")
        template = "content/blocks/quote.html"


class VoicesBlock(blocks.StructBlock):
    """What customers said and allowed to be shown; nothing stands there while nothing is approved."""

    product = blocks.ChoiceBlock(choices=product_choices, required=False, label=_("Voices of the product"))
    most = blocks.IntegerBlock(label=_("At most"), min_value=1, max_value=20, default=3)
    chosen = blocks.ListBlock(
        blocks.ChoiceBlock(choices=voice_choices, label=_("Voice")),
        label=_("Chosen by hand"),
        default=[],
        help_text=_("None chosen: the newest. Only what is approved is shown, and nothing where nothing is."),
    )

    class Meta:
        icon = "openquote"
        label = _("Customers' voices")
        template = "content/blocks/voices.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """Adds ``voices``, in the language of the page, and whether its author is looking at a preview."""
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        chosen = tuple(int(each) for each in value.get("chosen") or () if each)
        wanted = Wanted(int(value.get("product") or 0), int(value.get("most") or 1), chosen)
        with override(getattr(context.get("page"), "language", None) or get_language()):
            context["voices"] = [told(voice) for voice in voices_shown(wanted)]
        context["is_preview"] = getattr(context.get("request"), "is_preview", False)
        return context


class StoryBlock(blocks.StructBlock):
    """The owner's own words from the interview; nothing stands there while that question is not answered."""

    heading = blocks.CharBlock(required=False, max_length=150, label=_("Heading"))
    show = blocks.ChoiceBlock(choices=story_choices, label=_("Which answer"))

    class Meta:
        icon = "user"
        label = _("Owner's story")
        template = "content/blocks/story.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """Adds ``lines`` of the answer, or the ``questions`` that customers ask."""
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        owner = owner_variables()
        is_asked = value.get("show") == "questions"
        context["questions"] = owner["questions"] if is_asked else []
        context["lines"] = owner["lines"].get(value.get("show"), [])
        return context


class QuestionBlock(blocks.StructBlock):
    """A question and its answer."""

    question = blocks.CharBlock(max_length=200, label=_("Question"))
    answer = blocks.RichTextBlock(features=["bold", "link", "ul"], label=_("Answer"))


class FormBlock(SnippetChooserBlock):
    """A sign-up form."""

    class Meta:
        icon = "form"
        label = _("Form")
        template = "content/blocks/form.html"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("capture.Form", **kwargs)

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        """Adds ``sign_up``, the form to fill in; None for one that was deleted or is closed."""
        context: dict[str, Any] = super().get_context(value, parent_context=parent_context)
        request, page = context.get("request"), context.get("page")
        context["sign_up"] = sign_up_form_of(value, request, page) if value and request else None
        return context


class PageBlocks(blocks.StreamBlock):
    """The body of a page."""

    heading = blocks.CharBlock(icon="title", label=_("Heading"), max_length=150, template="content/blocks/heading.html")
    text = blocks.RichTextBlock(
        icon="pilcrow", label=_("Text"), features=TEXT_FEATURES, template="content/blocks/text.html"
    )
    image = ImageBlock(icon="image", label=_("Image"), template="content/blocks/image.html")
    video = VideoBlock()
    button = ButtonBlock()
    form = FormBlock()
    quote = QuoteBlock()
    story = StoryBlock()
    voices = VoicesBlock()
    questions = blocks.ListBlock(
        QuestionBlock(), icon="help", label=_("Questions and answers"), template="content/blocks/questions.html"
    )
