"""Customers and staff, their addresses, and their API tokens."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    """Makes users; e-mail addresses are stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create a member or staff account with a login."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create the break-glass account; daily work is done in groups."""
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def create_guest(self) -> User:
        """Create the owner of a guest's order: no e-mail of his own, no usable password."""
        guest = self.model(is_guest=True, email=None)
        guest.set_unusable_password()
        guest.save(using=self._db)
        return guest

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Anyone who can own an order. Guests are users too, so that the idempotency constraint has no NULL hole."""

    email = models.EmailField("e-mail", max_length=254, null=True, blank=True, unique=True)
    name = models.CharField("nama", max_length=120, blank=True)
    phone = models.CharField("telepon", max_length=16, blank=True, help_text="E.164, misalnya +6281234567890")
    is_guest = models.BooleanField("tamu", default=False)
    is_staff = models.BooleanField("staf", default=False)
    is_active = models.BooleanField("aktif", default=True)
    date_joined = models.DateTimeField("terdaftar", default=timezone.now)
    erased_at = models.DateTimeField(
        "dihapus",
        null=True,
        blank=True,
        editable=False,
        help_text="Data pribadinya sudah diganti; baris ini tinggal demi pembukuan",
    )

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        verbose_name = "pengguna"
        verbose_name_plural = "pengguna"
        constraints = [
            models.CheckConstraint(name="user_email_lower", condition=Q(email=Lower("email"))),
            models.CheckConstraint(
                name="user_guest_has_no_login",
                condition=Q(is_guest=True, email__isnull=True, is_staff=False, is_superuser=False)
                | Q(is_guest=False, email__isnull=False),
            ),
            models.CheckConstraint(
                name="user_erased_is_nobody",
                condition=Q(erased_at__isnull=True)
                | Q(is_active=False, is_staff=False, is_superuser=False, name="", phone=""),
            ),
        ]
        indexes = [
            models.Index(name="user_erased", fields=["erased_at"], condition=Q(erased_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.email or f"tamu {self.pk}"

    def save(self, *args: Any, **options: Any) -> None:
        """Write the row. A new password ends the API tokens, as it ends the sessions; an old one hashed anew does not.

        (``_password`` is Django's: set by ``set_password``, and not when a login only brings the hash up to date.)
        """
        if self._password is None or self._state.adding:  # type: ignore[attr-defined] # the stubs leave it out
            super().save(*args, **options)
            return
        with transaction.atomic():
            super().save(*args, **options)
            ApiToken.objects.filter(user=self).delete()

    def get_full_name(self) -> str:
        """Return the name that the staff pages greet with."""
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.email:
            self.email = self.email.strip().lower()


class Address(models.Model):
    """Where a customer wants things sent. An order keeps its own copy."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    recipient = models.CharField("nama penerima", max_length=120)
    phone = models.CharField("nomor WhatsApp", max_length=16, help_text="E.164")
    province = models.CharField("provinsi", max_length=60)
    city = models.CharField("kota/kabupaten", max_length=80)
    district = models.CharField("kecamatan", max_length=80)
    postal_code = models.CharField("kode pos", max_length=5)
    street = models.TextField("alamat lengkap", max_length=300)
    is_default = models.BooleanField("alamat utama", default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "alamat"
        verbose_name_plural = "alamat"
        ordering = ["-is_default", "pk"]
        constraints = [
            models.CheckConstraint(name="address_postal_code_digits", condition=Q(postal_code__regex=r"^[0-9]{5}$")),
            models.CheckConstraint(name="address_phone_e164", condition=Q(phone__regex=r"^\+[1-9][0-9]{7,14}$")),
            models.UniqueConstraint(
                name="address_one_default_per_user",
                fields=["user"],
                condition=Q(is_default=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient}, {self.district}, {self.city}"


class ApiToken(models.Model):
    """A bearer token. Only its SHA-256 is kept, so a dump of this table opens nothing."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=8)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "token API"
        verbose_name_plural = "token API"

    def __str__(self) -> str:
        return f"{self.prefix}…"
