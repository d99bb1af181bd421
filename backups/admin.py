"""Backups for staff: how each was judged, where it is, and the file itself for the owner.

The list is a mirror; "Segarkan" reads the manifests again. File and manifest, which a restore both needs, are found by
the row's name in the shop's own folder, never by anything from the request.
"""

from __future__ import annotations

import logging
from typing import Any, BinaryIO

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from backups.errors import BackupError
from backups.mirror import mirror
from backups.models import BackupRun
from backups.storage import opened, opened_manifest, shop_store
from backups.target import shop_database
from config.errors import ShopError
from config.staff import ActionAdmin, Done, ObjectAction, ReadOnlyAdmin, actor_of, staff_id
from config.staff.show import NOTHING, age, badge, in_one_piece, number, when

logger = logging.getLogger(__name__)

_KINDS = {"daily": "harian", "safety": "sebelum pemulihan"}


class BackupNotHereError(ShopError):
    """The mirror knows a backup whose file is not in this machine's folder."""

    code = "backup_not_here"
    message = "Berkas cadangan ini tidak ada di mesin ini, atau rusak. Segarkan daftarnya."


class Download(ObjectAction[BackupRun]):
    """Hand the file out, and keep a record of it."""

    name = "unduh"
    label = "Unduh"
    gives_file = True
    permissions = ("backups.download_backuprun",)

    def refusal(self, obj: BackupRun) -> str:
        return "Berkas cadangan ini sudah tidak ada." if obj.removed_at or obj.is_missing else ""

    def explain(self, obj: BackupRun) -> list[str]:
        said = [
            "Cadangan memuat seluruh data toko: nama, alamat, dan pesanan setiap pelanggan.",
            "Pemulihan memerlukan dua berkas: berkas ini dan manifesnya (“Unduh manifes”). Jangan ubah namanya.",
        ]
        if obj.is_encrypted:
            said.append("Berkas ini terenkripsi; hanya pemegang kunci pribadi yang dapat membacanya.")
        else:
            said.append("Berkas ini tidak terenkripsi: siapa pun yang mendapatnya dapat membacanya.")
        return [*said, f"Ukurannya {filesizeformat(obj.size)}. Unduhan ini dicatat di riwayat."]

    def run(self, obj: BackupRun, data: dict[str, Any], request: HttpRequest) -> Done | FileResponse:
        try:
            file, manifest = opened(obj.name)
        except BackupError as error:
            raise BackupNotHereError from error
        return _handed_out(file, manifest.file_name, obj, request, said="Diunduh", kind="application/octet-stream")


class DownloadManifest(ObjectAction[BackupRun]):
    """Hand the manifest out, without which no restore takes the file."""

    name = "unduh-manifes"
    label = "Unduh manifes"
    gives_file = True
    permissions = Download.permissions

    def refusal(self, obj: BackupRun) -> str:
        return "Manifes cadangan ini sudah tidak ada." if obj.removed_at else ""

    def explain(self, obj: BackupRun) -> list[str]:
        return [
            "Manifes mencatat isi cadangan: jumlah baris, checksum, dan setelan. Data pelanggan tidak ada di dalamnya.",
            "Pemulihan memerlukan dua berkas: manifes ini dan cadangannya (“Unduh”). Jangan ubah namanya.",
            "Unduhan ini dicatat di riwayat.",
        ]

    def run(self, obj: BackupRun, data: dict[str, Any], request: HttpRequest) -> Done | FileResponse:
        try:
            file, name = opened_manifest(obj.name)
        except BackupError as error:
            raise BackupNotHereError from error
        return _handed_out(file, name, obj, request, said="Manifes diunduh", kind="application/json")


def _handed_out(
    file: BinaryIO, name: str, obj: BackupRun, request: HttpRequest, *, said: str, kind: str
) -> FileResponse:
    """Answer with a file, and keep a record of who got it."""
    rows = BackupRun.objects.filter(pk=obj.pk)
    LogEntry.objects.log_actions(staff_id(request), rows, CHANGE, change_message=said, single_object=True)
    logger.warning("backup.downloaded", extra={"backup": obj.name, "file": name, "actor": actor_of(request)})
    return FileResponse(file, as_attachment=True, filename=name, content_type=kind)


@admin.register(BackupRun)
class BackupRunAdmin(ActionAdmin[BackupRun], ReadOnlyAdmin[BackupRun]):
    """Lists the backups, newest first."""

    object_actions = (Download(), DownloadManifest())
    list_display = ("taken", "state_badge", "drill_badge", "offsite_badge", "file_size", "row_count", "kind_word")
    list_filter = ("kind", "verified_ok", "is_encrypted")
    date_hierarchy = "taken_at"
    list_before_template = "admin/backups/list.html"
    fields = (
        "name",
        "taken",
        "kind_word",
        "state_badge",
        "verified",
        "drill_badge",
        "offsite_badge",
        "offsite_error",
        "pinned",
        "file_size",
        "row_count",
        "compression",
        "is_encrypted",
        "sha256",
        "duration",
    )
    readonly_fields = fields

    def get_urls(self) -> list[URLPattern]:
        """Add the button that reads the manifests again."""
        refresh = path("segarkan/", self.admin_site.admin_view(self.refresh), name="backups_backuprun_refresh")
        return [refresh, *super().get_urls()]

    def refresh(self, request: HttpRequest) -> HttpResponse:
        """Make the list tell what the folder holds now."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        store = shop_store()
        if store.folder.is_dir():
            mirror(store, shop_database().name)
            self.message_user(request, "Daftar ini sesuai dengan isi folder cadangan.")
        else:  # another machine's; the list must not say that everything is gone
            self.message_user(request, "Folder cadangan tidak ada di mesin ini.", messages.WARNING)
        return HttpResponseRedirect(reverse("admin:backups_backuprun_changelist"))

    @admin.display(description="diambil", ordering="taken_at")
    def taken(self, run: BackupRun) -> SafeString:
        """Return when, and how long ago."""
        return when(run.taken_at) + in_one_piece(f" ({age(run.taken_at)})")

    @admin.display(description="jenis", ordering="kind")
    def kind_word(self, run: BackupRun) -> str:
        """Return what it was made for."""
        return _KINDS.get(run.kind, run.kind)

    @admin.display(description="pemeriksaan")
    def state_badge(self, run: BackupRun) -> SafeString:
        """Return whether it is there and was found good."""
        if run.removed_at:
            return badge("Sudah dihapus", "batal", "trash-2")
        if run.is_missing:
            return badge("Berkas hilang", "batal", "circle-alert")
        if run.verified_ok is None:
            return badge("Belum diperiksa", "menunggu", "clock")
        if not run.verified_ok:
            return badge("Rusak", "batal", "circle-x")
        if run.verified_level == 1:
            return badge("Checksum cocok", "menunggu", "check")
        return badge("Terbaca utuh", "dibayar", "circle-check")

    @admin.display(description="diperiksa")
    def verified(self, run: BackupRun) -> SafeString:
        """Return when it was judged, and what was read."""
        how = " sebelum dienkripsi" if run.read_before_encrypting else ""
        return when(run.verified_at) + in_one_piece(how)

    @admin.display(description="uji pemulihan", ordering="drilled_at")
    def drill_badge(self, run: BackupRun) -> SafeString:
        """Return whether it was restored on trial."""
        if run.drilled_at:
            return badge(f"Lulus, {age(run.drilled_at)}", "dibayar", "shield-check")
        if run.is_encrypted:
            return badge("Belum: terenkripsi", "menunggu", "lock")
        return badge("Belum", "menunggu", "clock")

    @admin.display(description="salinan di luar")
    def offsite_badge(self, run: BackupRun) -> SafeString:
        """Return whether there is a copy elsewhere."""
        if run.offsite_at:
            return badge("Ada", "dibayar", "circle-check")
        return badge("Gagal disalin", "batal", "circle-alert") if run.offsite_error else SafeString(NOTHING)

    @admin.display(description="ukuran", ordering="size")
    def file_size(self, run: BackupRun) -> SafeString:
        """Return the size of the file."""
        return in_one_piece(filesizeformat(run.size))

    @admin.display(description="baris", ordering="rows")
    def row_count(self, run: BackupRun) -> SafeString:
        """Return the rows of all tables."""
        return number(run.rows)

    @admin.display(description="lama")
    def duration(self, run: BackupRun) -> str:
        """Return how long it took."""
        return f"{run.seconds:.1f} detik"
