from django.urls import path

from jouren.backoffice.files import views

app_name = "files"
urlpatterns = [
    path("export/", views.ExportAllView.as_view(), name="export_all"),
    path("export/<int:pk>/", views.ExportView.as_view(), name="export"),
    path("import/", views.ImportScreen.as_view(), name="import"),
    path("import/<uuid:upload_id>/", views.ShowScreen.as_view(), name="show"),
]
