"""What staff do with products and their codes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from jouren.catalog.errors import BadCode, BadProduct, CodeTaken
from jouren.catalog.models import Product, ProductCode
from jouren.catalog.vocabulary import Goods, Role, TaxRate
from jouren.contacts.policies import clean_text
from jouren.core.money import MINOR_DIGITS, MOST

MAX_NAME_LENGTH, MAX_DESCRIPTION_LENGTH, MAX_CODE_LENGTH = 100, 300, 100
MOST_LINKS, MAX_LINK_LENGTH, MOST_DAYS = 20, 500, 3_650

CodeWatcher = Callable[[Collection[int]], None]
_code_watchers: dict[str, CodeWatcher] = {}


def register_code_watcher(name: str, watcher: CodeWatcher) -> None:
    """Have a room told, in the same transaction, of which products the codes have become others: ``watcher(ids)``."""
    _code_watchers[name] = watcher


@transaction.atomic
def save_product(product: Product, *, by: AbstractBaseUser | None = None) -> Product:
    """Keep a product, a new one or as it was changed. The audit log keeps what changed.

    Raises:
        BadProduct: a detail cannot be kept; ``field`` names it.
    """
    before = Product.objects.select_for_update().filter(pk=product.pk).first() if product.pk else None
    _clean(product)
    if Product.objects.filter(name=product.name).exclude(pk=product.pk or 0).exists():
        raise _name_taken(product)
    changes = _changes(before, product)
    if before is not None and not changes:
        return product
    try:
        with transaction.atomic():
            product.save()
    except IntegrityError:
        raise _name_taken(product) from None
    _log(product, "change_product" if before else "add_product", by, changes=changes)
    return product


def _name_taken(product: Product) -> BadProduct:
    return BadProduct(_("There is another product of the name “%(name)s”.") % {"name": product.name}, "name")


def _clean(product: Product) -> None:
    product.name, product.description = clean_text(product.name), clean_text(product.description)
    product.how_to_links = [link.strip() for link in product.how_to_links if link.strip()]
    if not 0 < len(product.name) <= MAX_NAME_LENGTH:
        raise BadProduct(_("A product's name has 1 to %(limit)s characters.") % {"limit": MAX_NAME_LENGTH}, "name")
    if len(product.description) > MAX_DESCRIPTION_LENGTH:
        message = _("The description has at most %(limit)s characters.") % {"limit": MAX_DESCRIPTION_LENGTH}
        raise BadProduct(message, "description")
    if product.role not in Role.values:
        raise BadProduct(_("Choose what the product is for."), "role")
    if product.goods not in {"", *Goods.values}:
        raise BadProduct(_("Choose one of the kinds of goods."), "goods")
    if product.currency not in MINOR_DIGITS:
        raise BadProduct(_("Prices can be set in %(known)s.") % {"known": ", ".join(MINOR_DIGITS)}, "currency")
    if product.tax_rate not in TaxRate.values:
        raise BadProduct(_("The consumption tax is 8 % or 10 %."), "tax_rate")
    for field in ("price", "cost"):
        amount = getattr(product, field)
        if amount is None and field == "cost":
            continue
        if type(amount) is not int or not 0 <= amount <= MOST:
            raise BadProduct(_("The amount must be a whole number that is not negative."), field)
    if product.lasts_days is not None and not 1 <= product.lasts_days <= MOST_DAYS:
        raise BadProduct(_("It lasts 1 to %(most)s days.") % {"most": MOST_DAYS}, "lasts_days")
    _check_links(product.how_to_links)


def _check_links(links: list[str]) -> None:
    if len(links) > MOST_LINKS:
        raise BadProduct(_("There are at most %(most)s links.") % {"most": MOST_LINKS}, "how_to_links")
    for link in links:
        try:
            parts = urlsplit(link)
        except ValueError:
            parts = urlsplit("")
        is_sound = parts.scheme in {"http", "https"} and parts.hostname and len(link) <= MAX_LINK_LENGTH
        if not is_sound or not link.isprintable() or " " in link:
            message = _("“%(link)s” is no address of a page. It begins with https://, one in each line.")
            raise BadProduct(message % {"link": link[:100]}, "how_to_links")


def _changes(before: Product | None, product: Product) -> dict[str, list[Any]]:
    """What changed: the field, with its value before and now."""
    if before is None:
        return {}
    fields = [field.attname for field in Product._meta.concrete_fields if not field.primary_key]
    pairs = {name: [getattr(before, name), getattr(product, name)] for name in fields}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@transaction.atomic
def map_code(product_id: int, code: str, *, source: str = "", by: AbstractBaseUser | None = None) -> ProductCode:
    """Let a code in orders mean a product: in those of one source, or of all (empty). It counts for past orders too.

    Raises:
        CodeTaken: it means another product; the message says which.
        BadCode: no order could have it.
    """
    if not 0 < len(code) <= MAX_CODE_LENGTH or not code.isprintable():
        raise BadCode(_("A code has 1 to %(limit)s characters.") % {"limit": MAX_CODE_LENGTH})
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    made, is_new = ProductCode.objects.get_or_create(code=code, source=source, defaults={"product": product})
    if not is_new:
        if made.product_id == product_id:
            return made
        message = _(
            "The code “%(code)s” means “%(product)s” already. One code means one product: remove it there first."
        )
        raise CodeTaken(message % {"code": code, "product": made.product.name})
    _log(product, "add_code", by, code=code, source=source)
    _tell([product_id, *_others(code, product_id)])
    return made


def code_of(product: Product, source: str, *, by: AbstractBaseUser | None = None) -> str:
    """A code by which orders of a source name a product; made where there is none."""
    codes = ProductCode.objects.filter(product=product, source__in=["", source]).order_by("-source", "code")
    taken = set(ProductCode.objects.filter(source=source).exclude(product=product).values_list("code", flat=True))
    known = next((each.code for each in codes if each.code not in taken), None)
    return known or map_code(product.pk, f"#{product.pk}", source=source, by=by).code


@transaction.atomic
def unmap_code(code_id: int, *, by: AbstractBaseUser | None = None) -> None:
    """Let a code mean its product no longer, in past orders too. Raises ProductCode.DoesNotExist."""
    code = ProductCode.objects.select_related("product").select_for_update(of=("self",)).get(pk=code_id)
    code.delete()
    _log(code.product, "remove_code", by, code=code.code, source=code.source)
    _tell([code.product_id, *_others(code.code, code.product_id)])


def _others(code: str, product_id: int) -> Iterable[int]:
    """The other products that a code means for some source: what one source says, no other one counts for."""
    rows = ProductCode.objects.filter(code=code).exclude(product_id=product_id)
    return rows.values_list("product_id", flat=True).distinct()


def _tell(product_ids: Collection[int]) -> None:
    for watcher in _code_watchers.values():
        watcher(product_ids)


def _log(product: Product, act: str, by: AbstractBaseUser | None, **data: Any) -> None:
    if by is not None:
        log(instance=product, action=f"catalog.{act}", user=by, title=product.name, data=data)
