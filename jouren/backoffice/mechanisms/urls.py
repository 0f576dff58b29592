"""Where the mechanisms are in the back office."""

from __future__ import annotations

from django.urls import path

from jouren.backoffice.mechanisms import tasks, views

app_name = "mechanisms"
urlpatterns = [
    path("", views.MechanismsScreen.as_view(), name="show"),
    path("switch/", views.Switch.as_view(), name="switch"),
    path("regulars/", views.RegularsScreen.as_view(), name="regulars"),
    path("lapses/", views.LapsesScreen.as_view(), name="lapses"),
    path("tasks/", tasks.TasksScreen.as_view(), name="tasks"),
    path("tasks/done/", tasks.DoneScreen.as_view(), name="tasks_done"),
    path("tasks/<int:pk>/take/", tasks.Take.as_view(), name="take"),
    path("tasks/<int:pk>/finish/", tasks.Finish.as_view(), name="finish"),
]
