"""What staff do with a broadcast by pressing a button."""

from __future__ import annotations

from functools import cached_property

from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from jouren.backoffice.screens import Act
from jouren.broadcasts.actions import (
    cancel_broadcast,
    change_archive,
    choose_version,
    copy_broadcast,
    delete_broadcast,
    pause_broadcast,
    recall_broadcast,
    resume_broadcast,
    stop_repeating,
)
from jouren.broadcasts.models import Broadcast, Issue, variant_name


class _BroadcastAct(Act):
    permissions = ("broadcasts.view_broadcast", "broadcasts.send_broadcast")

    @cached_property
    def broadcast(self) -> Broadcast:
        """The broadcast that it is about."""
        return get_object_or_404(Broadcast, pk=self.kwargs["pk"])

    def back(self) -> str:
        return reverse("broadcasts:show", args=[self.broadcast.pk])


class Recall(_BroadcastAct):
    """Make a draft of it again."""

    def act(self) -> str:
        recall_broadcast(self.broadcast.pk, by=self.staff)
        return _("It is a draft again and does not go out.")


class Pause(_BroadcastAct):
    """Stop for now."""

    def act(self) -> str:
        pause_broadcast(self.broadcast.pk, by=self.staff)
        return _("It is paused. Nothing more goes out until you resume it.")


class Resume(_BroadcastAct):
    """Go on."""

    def act(self) -> str:
        resume_broadcast(self.broadcast.pk, by=self.staff)
        return _("It goes on where it stopped.")


class Cancel(_BroadcastAct):
    """End it for good."""

    def act(self) -> str:
        cancel_broadcast(self.broadcast.pk, by=self.staff)
        return _("It is cancelled. Nothing more goes out.")


class StopRepeating(_BroadcastAct):
    """Begin no further issue."""

    def act(self) -> str:
        stop_repeating(self.broadcast.pk, by=self.staff)
        return _("It does not repeat any more.")


class Copy(_BroadcastAct):
    """A new draft like it."""

    permissions = ("broadcasts.view_broadcast", "broadcasts.add_broadcast")
    made: Broadcast | None = None

    def act(self) -> str:
        self.made = copy_broadcast(self.broadcast.pk, by=self.staff)
        return _("This is a new draft. Give it a name, and change what you like.")

    def back(self) -> str:
        if self.made is None or not self.request.user.has_perm("broadcasts.change_broadcast"):
            return super().back()
        return reverse("broadcasts:what", args=[self.made.pk])


class Delete(_BroadcastAct):
    """Delete a draft."""

    permissions = ("broadcasts.view_broadcast", "broadcasts.delete_broadcast")

    def act(self) -> str:
        name = self.broadcast.name
        delete_broadcast(self.broadcast.pk, by=self.staff)
        return _("The draft “%(name)s” is deleted.") % {"name": name}

    def back(self) -> str:
        is_there = Broadcast.objects.filter(pk=self.kwargs["pk"]).exists()
        return super().back() if is_there else reverse("broadcasts:list")


class Archive(_BroadcastAct):
    """Show it in the archive on the web, or not."""

    permissions = ("broadcasts.view_broadcast", "broadcasts.change_broadcast")

    def act(self) -> str:
        is_archived = "is_archived" in self.request.POST
        is_searchable = "is_searchable" in self.request.POST
        change_archive(self.broadcast.pk, is_archived=is_archived, is_searchable=is_searchable, by=self.staff)
        return _("It is shown in the archive.") if is_archived else _("It is not shown in the archive.")


class Choose(_BroadcastAct):
    """What the rest of a test gets."""

    @cached_property
    def issue(self) -> Issue:
        """The issue that waits for the choice."""
        return get_object_or_404(Issue, pk=self.kwargs["issue_id"])

    @cached_property
    def broadcast(self) -> Broadcast:
        """Its broadcast."""
        return self.issue.broadcast

    def act(self) -> str:
        chosen = self.request.POST.get("place", "")
        place = int(chosen) if chosen in {"0", "1", "2", "3"} else None
        choose_version(self.issue.pk, place, by=self.staff)
        if place is None:
            return _("The others get all versions, in equal shares.")
        return _("The others get version %(version)s.") % {"version": variant_name(place)}
