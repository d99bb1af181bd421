"""Settings of the shop, in Django's order. Every value from outside comes through ``config.env``.

``.env.example`` explains each variable; a test compares the two.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.urls import reverse_lazy

from config.api.description import describe
from config.databases import REQUEST_DEADLINE_S as _REQUEST_DEADLINE_S
from config.databases import database_settings
from config.env import BASE_DIR, COMMAND, DEBUG, IS_COMMAND, choice, env, flag, required, stop_if_incomplete
from config.logging import logging_settings
from config.sentry import start_sentry
from config.unfold import UNFOLD  # noqa: F401 - read by the staff admin's theme

_works_on_files = COMMAND in {"backup_db", "verify_backup", "list_backups", "pin_backup"}
if not _works_on_files:
    import django_stubs_ext  # which imports the admin; these have none

    django_stubs_ext.monkeypatch()

# --- core -----------------------------------------------------------------------------------------------------
SECRET_KEY = required("SECRET_KEY", debug_default="debug-only-secret-key-never-used-in-production-0123456789")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEBUG else [])
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
HOST = env.str("HOST", default="127.0.0.1")
PORT: int = env.int("PORT", default=8000)
SIMULATOR_PORT: int = env.int("SIMULATOR_PORT", default=8001)
SITE_URL = required("SITE_URL", debug_default=f"http://{HOST}:{PORT}").rstrip("/")
SITE_NAME = "infiya.store"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "config",
    "shop",
    "orders",
    "payments",
    "monitoring",
    "backups",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_crontab",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
]
if _works_on_files:
    # These know files and SQL. They take a third less memory, and a fault in the shop's code cannot keep it from its
    # backups. (restore_db is none of them: it migrates.)
    INSTALLED_APPS = ["config", "backups"]

MIDDLEWARE = [
    "config.middleware.DatabaseSafetyMiddleware",
    "config.middleware.RequestIdMiddleware",
    "monitoring.middleware.ProbesMiddleware",
    "monitoring.middleware.TrafficMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.SecurityHeadersMiddleware",
    "shop.middleware.IndexingMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "shop.second_factor.SecondFactorMiddleware",
    "axes.middleware.AxesMiddleware",
]
if DEBUG:
    MIDDLEWARE.append("config.debug.NotFoundMiddleware")

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.context_processors.storefront",
            ],
            "builtins": ["shop.templatetags.shop", "config.templatetags.mail"],
        },
    },
]

# --- database and cache -----------------------------------------------------------------------------------------
DATABASES = database_settings(DATA_DIR)
REQUEST_DEADLINE_S = _REQUEST_DEADLINE_S
CACHE_URL = env.str("CACHE_URL", default="")
CACHES: dict[str, Any] = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
if CACHE_URL.startswith("redis"):
    CACHES["default"]["BACKEND"] = "config.cache.RedisCache"  # Django's own waits for ever

# --- people -----------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "shop.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("shop:login")
LOGIN_REDIRECT_URL = reverse_lazy("shop:home")
LOGOUT_REDIRECT_URL = reverse_lazy("shop:home")
API_TOKEN_DAYS: int = env.int("API_TOKEN_DAYS", default=30)
AUTHENTICATION_BACKENDS = ["shop.login_guard.GuardedBackend"]
# off, optional (whoever has enrolled is asked) or required (nobody works without it).
STAFF_SECOND_FACTOR = env.str("STAFF_SECOND_FACTOR", default="optional" if DEBUG else "required")
OTP_TOTP_ISSUER = SITE_NAME
# Wrong passwords (django-axes): so many for one e-mail from one address, and both are locked together for a while.
AXES_FAILURE_LIMIT: int = env.int("LOGIN_FAILURE_LIMIT", default=10)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("LOGIN_LOCK_MINUTES", default=15))
AXES_ENABLED = flag("THROTTLING", default=True)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # or whoever goes on trying would keep a lock alive for ever
AXES_CLIENT_IP_CALLABLE = "shop.login_guard.client_address"
AXES_USERNAME_CALLABLE = "shop.login_guard.login_name"
AXES_LOCKOUT_CALLABLE = "shop.login_guard.locked_out"
AXES_SENSITIVE_PARAMETERS = ["username", "email", "csrfmiddlewaretoken", "next"]
AXES_ENABLE_ADMIN = False  # shop.admin.logins is the page for it
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

# --- language and time ------------------------------------------------------------------------------------------
LANGUAGE_CODE = "id"
TIME_ZONE = "Asia/Jakarta"
USE_I18N = True
USE_TZ = True
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- files ------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "media/"
MEDIA_ROOT = DATA_DIR / "media"
# The proxy reads pictures as a user of its own, whatever umask the web server runs under (files: Django says 0644).
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o755
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}

# --- mail -------------------------------------------------------------------------------------------------------
RESEND_API_KEY = env.str("RESEND_API_KEY", default="") if DEBUG else required("RESEND_API_KEY", debug_default="")
RESEND_API_URL = env.str("RESEND_API_URL", default="https://api.resend.com").rstrip("/")
RESEND_FROM_EMAIL = required("RESEND_FROM_EMAIL", debug_default="infiya.store <pesan@infiya.store>")
ALERT_EMAIL = required("ALERT_EMAIL", debug_default="owner@infiya.store")
DEFAULT_FROM_EMAIL = RESEND_FROM_EMAIL
EMAIL_BACKEND = "config.mail.resend_backend.ResendBackend" if RESEND_API_KEY else "config.mail.FileBackend"
EMAIL_FILE_PATH = DATA_DIR / "mail"
MAIL_TEXT_DAYS: int = env.int("MAIL_TEXT_DAYS", default=90)

# --- the shop ---------------------------------------------------------------------------------------------------
PAYMENT_WINDOW_MINUTES: int = env.int("PAYMENT_WINDOW_MINUTES", default=1440)
PAYMENT_GRACE_MINUTES: int = env.int("PAYMENT_GRACE_MINUTES", default=15)
MAX_UNPAID_ORDERS: int = env.int("MAX_UNPAID_ORDERS", default=10)
MAX_ORDER_LINES = 50
MAX_UNITS_PER_LINE = 99
# What the cart's page shows beside the cart: shipping, voucher and sums belong to an app above it.
CART_EXTRAS = "orders.cart_page.cart_extras"
# How many sold units of a variant are still in the house: only orders know what was sent.
UNSENT_UNITS = "orders.unsent.unsent_units"
# Called as hook(user=user, before=address) in the transaction that gives a member another e-mail address.
EMAIL_CHANGED = "orders.services.email_change.follow_email"
# Called as hook(city=..., province=...) for an address that is being saved; returns what is wrong with it, or nothing.
ADDRESS_OBJECTION = "orders.regions.wrong_province"
REFUND_APPROVAL_ABOVE: int = env.int("REFUND_APPROVAL_ABOVE", default=1_000_000)
LOW_STOCK_UNITS: int = env.int("LOW_STOCK_UNITS", default=3)
# Midtrans' own limits (its refund pages): days after settlement, and hours (WIB) at which it takes no refund.
REFUND_WINDOW_DAYS = {
    "qris": 7, "qris on-us": 45, "qris off-us": 7, "ovo": 7, "kredivo": 14, "gopay": 45, "dana": 45, "shopeepay": 365,
}  # fmt: skip
REFUND_CLOSED_HOURS: dict[str, tuple[str, str]] = {"shopeepay": ("23:55", "06:00")}
WHATSAPP_NUMBER = env.str("WHATSAPP_NUMBER", default="6281234567890")
CONTACT_EMAIL = env.str("CONTACT_EMAIL", default="halo@infiya.store")
# How long before its deadline an unpaid order is mentioned once more by mail; 0 mentions none.
PAYMENT_REMINDER_MINUTES: int = env.int("PAYMENT_REMINDER_MINUTES", default=180)
# Who sells, as an invoice has to say it; a PKP charges PPN (orders.tax).
SHOP_LEGAL_NAME = env.str("SHOP_LEGAL_NAME", default="")
SHOP_ADDRESS = env.str("SHOP_ADDRESS", default="")
SHOP_NPWP = env.str("SHOP_NPWP", default="")
SHOP_IS_PKP = flag("SHOP_IS_PKP", default=False)
# Who was erased, outside the database: a restored backup forgets them again.
ERASURE_DIR = Path(env.str("ERASURE_DIR", default=str(DATA_DIR / "erasures"))).resolve()

# --- integrators ---
# Endpoints of webhooks may be plain http and lie in private networks: for trying things out.
WEBHOOKS_TO_PRIVATE_NETWORKS = flag("WEBHOOKS_TO_PRIVATE_NETWORKS", default=DEBUG)

# --- Midtrans ---------------------------------------------------------------------------------------------------
MIDTRANS_IS_PRODUCTION = flag("MIDTRANS_IS_PRODUCTION", default=False)
MIDTRANS_SERVER_KEY = required("MIDTRANS_SERVER_KEY", debug_default="SB-Mid-server-simulator")
MIDTRANS_CLIENT_KEY = required("MIDTRANS_CLIENT_KEY", debug_default="SB-Mid-client-simulator")
_simulated = DEBUG and not env.str("MIDTRANS_SERVER_KEY", default="") and not MIDTRANS_IS_PRODUCTION
_simulator = f"http://127.0.0.1:{SIMULATOR_PORT}"
_sandbox = "" if MIDTRANS_IS_PRODUCTION else "sandbox."
MIDTRANS_SNAP_URL = (
    env.str("MIDTRANS_SNAP_URL", default="")
    or (f"{_simulator}/snap/v1" if _simulated else f"https://app.{_sandbox}midtrans.com/snap/v1")
).rstrip("/")
MIDTRANS_CORE_URL = (
    env.str("MIDTRANS_CORE_URL", default="") or (_simulator if _simulated else f"https://api.{_sandbox}midtrans.com")
).rstrip("/")
PAYMENT_JOURNAL_DIR = Path(
    env.str("PAYMENT_JOURNAL_DIR", default=str(DATA_DIR / "payment-journal")),
).resolve()

# --- watching the shop ------------------------------------------------------------------------------------------
RECORD_TRAFFIC = flag("RECORD_TRAFFIC", default=not IS_COMMAND)
SLOW_QUERY_MS: int = env.int("SLOW_QUERY_MS", default=200)
# prometheus_client reads the variable itself when it is imported; here it only says that there is such a folder.
METRICS_FROM_ALL_PROCESSES = bool(env.str("PROMETHEUS_MULTIPROC_DIR", default=""))
METRICS_KEY = env.str("METRICS_KEY", default="")
METRICS_ALLOW: list[str] = env.list("METRICS_ALLOW", default=["127.0.0.0/8", "::1/128"] if DEBUG else [])
start_sentry(
    env.str("SENTRY_DSN", default=""),
    environment=env.str("SENTRY_ENVIRONMENT", default="development" if DEBUG else "production"),
)

# --- backups ----------------------------------------------------------------------------------------------------
BACKUP_DIR = Path(env.str("BACKUP_DIR", default=str(DATA_DIR / "backups"))).resolve()
BACKUP_RETENTION_DAYS: int = env.int("BACKUP_RETENTION_DAYS", default=30)
BACKUP_KEEP_DAILY: int = env.int("BACKUP_KEEP_DAILY", default=0)
BACKUP_KEEP_WEEKLY: int = env.int("BACKUP_KEEP_WEEKLY", default=0)
BACKUP_KEEP_MONTHLY: int = env.int("BACKUP_KEEP_MONTHLY", default=0)
BACKUP_COMPRESSION = choice("BACKUP_COMPRESSION", "gzip", "zstd", "none")
BACKUP_AGE_RECIPIENT: list[str] = env.list("BACKUP_AGE_RECIPIENT", default=[])
BACKUP_LOCK_WAIT_SECONDS: int = env.int("BACKUP_LOCK_WAIT_SECONDS", default=60)
BACKUP_RETRY_AFTER_SECONDS: int = env.int("BACKUP_RETRY_AFTER_SECONDS", default=5)
BACKUP_S3_BUCKET = env.str("BACKUP_S3_BUCKET", default="")
BACKUP_S3_ENDPOINT_URL = env.str("BACKUP_S3_ENDPOINT_URL", default="")
BACKUP_S3_REGION = env.str("BACKUP_S3_REGION", default="")
BACKUP_S3_PREFIX = env.str("BACKUP_S3_PREFIX", default="backups").strip("/")
BACKUP_S3_ACCESS_KEY_ID = env.str("BACKUP_S3_ACCESS_KEY_ID", default="")
BACKUP_S3_SECRET_ACCESS_KEY = env.str("BACKUP_S3_SECRET_ACCESS_KEY", default="")
PG_BIN_DIR = env.str("PG_BIN_DIR", default="")
PITR_DIR = env.str("PITR_DIR", default="")
PITR_URL = env.str("PITR_URL", default="")
PITR_KEEP_BASES: int = env.int("PITR_KEEP_BASES", default=2)
PITR_KEEP_DAYS: int = env.int("PITR_KEEP_DAYS", default=7)
# Called as hook(using=alias, since=moment) on a restored database before it becomes the shop's; each returns a sentence
# for the operator, or nothing.
BACKUP_BEFORE_SWAP = [
    "payments.after_restore.owe_a_sweep",
    "payments.personal_data.after_restore.forget_again",
    "config.outbox.restored.park_unsent",
]
# A function without arguments: when the newest verified backup was made (aware), or None.
NEWEST_BACKUP = "backups.storage.newest_verified_at"

# --- monitoring -------------------------------------------------------------------------------------------------
# Whom a CRITICAL incident reaches when nobody acknowledges it: the first address after 30 minutes, all after two hours.
ALERT_ESCALATION_EMAIL: list[str] = env.list("ALERT_ESCALATION_EMAIL", default=[])
ALERT_SMTP_URL = env.str("ALERT_SMTP_URL", default="")
HEARTBEAT_URL = env.str("HEARTBEAT_URL", default="")
MONITOR_PROBE_WAIT_SECONDS: int = env.int("MONITOR_PROBE_WAIT_SECONDS", default=5)
ORDER_SLA_HOURS: dict[str, int] = {
    "PAID": env.int("SLA_PAID_HOURS", default=24),
    "PROCESSING": env.int("SLA_PROCESSING_HOURS", default=48),
    "SHIPPED": env.int("SLA_SHIPPED_HOURS", default=168),
}
ORDER_HOLD_SLA_HOURS = 4
WEBHOOK_SILENCE_MINUTES: int = env.int("WEBHOOK_SILENCE_MINUTES", default=60)
BAD_SIGNATURES_PER_15_MINUTES: int = env.int("BAD_SIGNATURES_PER_15_MINUTES", default=20)
BACKUP_MAX_AGE_HOURS: int = env.int("BACKUP_MAX_AGE_HOURS", default=26)
BACKUP_DRILL_MAX_AGE_DAYS: int = env.int("BACKUP_DRILL_MAX_AGE_DAYS", default=35)

# --- cron -------------------------------------------------------------------------------------------------------
SCHEDULER = flag("SCHEDULER", default=True)
CRONTAB_DJANGO_MANAGE_PATH = str(BASE_DIR / "manage.py")
CRONTAB_COMMAND_SUFFIX = f">> {DATA_DIR / 'cron.log'} 2>&1"
CRONJOBS = [
    ("* * * * *", "monitoring.jobs.run_job", ["expire_orders"]),
    ("* * * * *", "monitoring.jobs.run_job", ["send_mail_queue"]),
    ("* * * * *", "monitoring.jobs.run_job", ["send_webhooks"]),
    ("*/5 * * * *", "monitoring.jobs.run_job", ["process_notifications"]),
    ("*/10 * * * *", "monitoring.jobs.run_job", ["reconcile_payments"]),
    ("*/10 * * * *", "monitoring.jobs.run_job", ["remind_unpaid"]),
    ("*/5 * * * *", "monitoring.jobs.run_job", ["run_monitors"]),
    ("0 2 * * *", "monitoring.jobs.run_job", ["backup_db"]),
    ("40 2 * * *", "monitoring.jobs.run_job", ["verify_backup", "--latest", "--level", "3", "--as-far-as-possible"]),
    ("17 3 * * *", "monitoring.jobs.run_job", ["clean_up"]),
    ("42 3 * * *", "monitoring.jobs.run_job", ["run_monitors", "--full"]),
    ("30 4 * * 0", "monitoring.jobs.run_job", ["pitr", "drill", "--if-set-up"]),
]

# --- API --------------------------------------------------------------------------------------------------------
THROTTLING = flag("THROTTLING", default=True)
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.problems.StrictJSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "shop.authentication.TokenAuthentication",
        "shop.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "config.problems.problem_response",
    "DEFAULT_THROTTLE_RATES": {
        "token": "30/min",
        "orders": "120/min",
        "payments": "120/min",
        "catalogue": "600/min",
    },
    "NUM_PROXIES": env.int("TRUSTED_PROXIES", default=0),
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "infiya.store API",
    "DESCRIPTION": describe(REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]),
    "VERSION": "1.0.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.api.openapi.refuse_unknown_fields",
        "config.api.openapi.name_headers",
    ],
}

# --- security ---------------------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Strict would drop the session on the way back from the payment page
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "shop.views.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
if not DEBUG:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = flag("SECURE_SSL_REDIRECT", default=True)
    # A redirect makes Midtrans give up at once; a probe has no TLS.
    SECURE_REDIRECT_EXEMPT = [r"^api/payment/notification/?$", r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = flag("SECURE_HSTS_PRELOAD", default=False)
    if flag("BEHIND_TLS_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

LOGGING = logging_settings(debug=DEBUG, level=env.str("LOG_LEVEL", default="INFO"))
LOGGING_CONFIG = "logging.config.dictConfig"

stop_if_incomplete()
