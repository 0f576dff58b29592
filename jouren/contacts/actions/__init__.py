"""The verbs that write people. Each is one transaction, records its event, and may be repeated without harm.

Those that staff can trigger take ``by``, the user, and write it to the audit log.
"""

from jouren.contacts.actions.attributes import defined_attribute, read_attribute, set_attribute
from jouren.contacts.actions.buyers import Told, resolve_people
from jouren.contacts.actions.consent import (
    grant_consent,
    keep_consent_text,
    lift_suppression,
    suppress,
    suppress_contacts,
    withdraw_all_consent,
    withdraw_consent,
)
from jouren.contacts.actions.erasure import erase_contact, register_eraser
from jouren.contacts.actions.identities import (
    attach_identity,
    known_contacts,
    resolve_contacts,
    verify_identity,
)
from jouren.contacts.actions.imported import Agreed, Came, Foreseen, PastPerson, foresee_people, import_people
from jouren.contacts.actions.merging import merge_contacts, register_merger
from jouren.contacts.actions.peace import come_back, leave_all_in_peace, leave_in_peace
from jouren.contacts.actions.people import (
    change_name,
    create_contact,
    define_attribute,
    ensure_contact,
    note_problem,
    set_attributes,
    set_locale,
    solve_problem,
)
from jouren.contacts.actions.tagging import add_tag, remove_tag, tag_contacts, untag_contacts

__all__ = [
    "Agreed",
    "Came",
    "Foreseen",
    "PastPerson",
    "Told",
    "add_tag",
    "attach_identity",
    "change_name",
    "come_back",
    "create_contact",
    "define_attribute",
    "defined_attribute",
    "ensure_contact",
    "erase_contact",
    "foresee_people",
    "grant_consent",
    "import_people",
    "keep_consent_text",
    "known_contacts",
    "leave_all_in_peace",
    "leave_in_peace",
    "lift_suppression",
    "merge_contacts",
    "note_problem",
    "read_attribute",
    "register_eraser",
    "register_merger",
    "remove_tag",
    "resolve_contacts",
    "resolve_people",
    "set_attribute",
    "set_attributes",
    "set_locale",
    "solve_problem",
    "suppress",
    "suppress_contacts",
    "tag_contacts",
    "untag_contacts",
    "verify_identity",
    "withdraw_all_consent",
    "withdraw_consent",
]
