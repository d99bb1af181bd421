"""Serializers that say camelCase outside and snake_case inside, and take nothing that was not asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import Field

Answer = TypeVar("Answer", bound=serializers.BaseSerializer[Any])

MAX_BIGINT = 2**63 - 1
_ID = re.compile(r"[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNDERSCORE = re.compile(r"_([a-z0-9])")


def camel(name: str) -> str:
    """Return ``postal_code`` as ``postalCode``."""
    return _UNDERSCORE.sub(lambda found: found.group(1).upper(), name)


class ApiSerializer(serializers.Serializer[Any]):
    """Fields are declared in snake_case and travel in camelCase; an unknown field in the input is an error."""

    default_error_messages = {
        "invalid": "Kirim sebuah objek JSON.",
        "null": "Kirim sebuah objek JSON.",
        "unknown": "Isian ini tidak dikenal.",
    }

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        """Return the declared fields under their outside names."""
        fields = {}
        for name, field in super().get_fields().items():
            outside = camel(name)
            if outside != name and field.source is None:
                field.source = name
            fields[outside] = field
        return fields

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated data. Raises ValidationError naming every bad and every unknown field."""
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            errors = {str(name): [self.error_messages["unknown"]] for name in data if name not in self.fields}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail
            raise serializers.ValidationError({**detail, **errors} if isinstance(detail, dict) else detail) from error
        if errors:
            raise serializers.ValidationError(errors)
        return value


@cache
def shape(serializer: type[Answer]) -> Answer:
    """Return the one instance that is shared: making its fields costs more than reading or writing with them.

    Only for ``run_validation`` and ``to_representation``, which keep nothing in the instance.
    """
    return serializer()


@extend_schema_field(
    {"oneOf": [{"type": "string", "pattern": "^[1-9][0-9]{0,18}$"}, {"type": "integer", "minimum": 1}]}
)
class IdField(serializers.Field[int, Any, str, Any]):
    """An id: a JSON integer or its decimal digits as a string. Answers always give strings."""

    default_error_messages = {"invalid": "Id tidak valid.", "required": "Isian ini wajib.", "null": "Isian ini wajib."}

    def to_internal_value(self, data: Any) -> int:
        """Return the id as an int that fits its column."""
        if isinstance(data, str) and _ID.fullmatch(data):
            data = int(data)
        if type(data) is not int or not 1 <= data <= MAX_BIGINT:
            self.fail("invalid")
        return int(data)

    def to_representation(self, value: Any) -> str:
        return str(value)


@extend_schema_field({"type": "string"})
class TextIdField(IdField):
    """An id in an answer: always a string."""


class QuantityField(serializers.IntegerField):
    """A JSON integer; neither ``"2"`` nor ``2.0`` nor ``true`` is one."""

    default_error_messages = {
        "invalid": "Jumlah harus bilangan bulat.",
        "required": "Isian ini wajib.",
        "null": "Jumlah harus bilangan bulat.",
        "min_value": "Jumlah paling sedikit {min_value}.",
        "max_value": "Jumlah paling banyak {max_value}.",
    }

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class StrictBooleanField(serializers.BooleanField):
    """JSON ``true`` or ``false``; neither ``"yes"`` nor ``1`` is one."""

    default_error_messages = {"invalid": "Kirim true atau false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class TextField(serializers.CharField):
    """A JSON string without control characters; with ``multiline`` it may hold line breaks and tabs."""

    default_error_messages = {
        "invalid": "Kirim teks.",
        "required": "Isian ini wajib.",
        "null": "Isian ini wajib.",
        "blank": "Isian ini tidak boleh kosong.",
        "max_length": "Paling banyak {max_length} huruf.",
        "control": "Teks berisi karakter yang tidak dapat dicetak.",
    }

    def __init__(self, *, multiline: bool = False, **options: Any) -> None:
        self.forbidden = _CONTROL_IN_LINES if multiline else _CONTROL
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text = super().to_internal_value(data)
        if self.forbidden.search(text):
            self.fail("control")
        return text
