from django.urls import path

from jouren.backoffice.reports import views

app_name = "reports"
urlpatterns = [
    path("journey/<int:pk>/", views.ReportScreen.as_view(), name="journey"),
    path("journey/<int:pk>/export/", views.AskView.as_view(), name="ask"),
    path("export/<uuid:export_id>/", views.ExportScreen.as_view(), name="export"),
    path("export/<uuid:export_id>/file/", views.DownloadView.as_view(), name="download"),
]
