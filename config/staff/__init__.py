"""What every page of the staff admin stands on; knows no app.

``tables`` has the base classes of the admin pages, ``actions`` the buttons that ask before they act, ``show`` how a
value looks, ``history`` what the log says of a change. Rules stay in services: a page reads, asks, and calls one.
"""

from config.staff.actions import ActionAdmin, Done, ObjectAction, StaffForm
from config.staff.tables import (
    EditableAdmin,
    ModelAdmin,
    ReadOnlyAdmin,
    StackedInline,
    TabularInline,
    actor_of,
    staff_id,
)

__all__ = [
    "ActionAdmin",
    "Done",
    "EditableAdmin",
    "ModelAdmin",
    "ObjectAction",
    "ReadOnlyAdmin",
    "StackedInline",
    "StaffForm",
    "TabularInline",
    "actor_of",
    "staff_id",
]
