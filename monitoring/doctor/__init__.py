"""The doctor: looks at everything a shop stands on, changes nothing, and says what to try for each thing it finds."""

from monitoring.doctor.base import Answer, Level, Visit
from monitoring.doctor.visit import GROUPS, examine

__all__ = ["GROUPS", "Answer", "Level", "Visit", "examine"]
