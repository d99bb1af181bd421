"""Tokens, the catalogue and the caller's own addresses."""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.db.models import QuerySet
from django.http import Http404
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from config.api.openapi import problem_example, problems
from config.api.pagination import AllAtOnce
from config.api.serializers import MAX_BIGINT
from config.api.views import ApiView, PublicApiView
from config.errors import InvalidInputError
from shop.api import examples
from shop.api.serializers import (
    AddressInputSerializer,
    AddressSerializer,
    ProductSerializer,
    TokenRequestSerializer,
    TokenSerializer,
)
from shop.authentication import CHALLENGE
from shop.login_guard import forget_wrong_passwords, forgive, seconds_to_wait
from shop.models import Address, User
from shop.selectors import products_for_sale, search_products
from shop.services.account import AddressData, add_address, issue_token

MAX_SEARCH = 200
ETAG = OpenApiParameter(
    "ETag", str, OpenApiParameter.HEADER, response=[200], description="Of this answer, for `If-None-Match`."
)


class TokenView(PublicApiView):
    """Trades an e-mail address and a password for a token."""

    write_scope = "token"
    cache_control = "private, no-store"

    def get_authenticate_header(self, request: Request) -> str:
        """Name the scheme, without which DRF answers 403 where nobody is authenticated."""
        return CHALLENGE

    @extend_schema(
        operation_id="createToken",
        summary="Get a token",
        description="The answer to an unknown address and to a wrong password is the same. The token is shown once.",
        tags=["account"],
        auth=[],
        request=TokenRequestSerializer,
        responses={200: TokenSerializer, **problems(400, 401, 413, 415)},
        examples=[
            OpenApiExample("Credentials", value=examples.CREDENTIALS, request_only=True),
            OpenApiExample("Token", value=examples.TOKEN, response_only=True, status_codes=["200"]),
            problem_example("Wrong password", 401, "E-mail atau kata sandi salah.", code="wrong_credentials"),
        ],
    )
    def post(self, request: Request) -> Response:
        """Issue a token. The hasher runs for unknown addresses too, so the time tells nothing."""
        given = self.read(TokenRequestSerializer, request)
        if wait := seconds_to_wait(request._request):
            raise exceptions.Throttled(wait)
        # Django's own request: a lock is noted on it, and the middleware that answers it knows no other.
        user = authenticate(request._request, username=given["email"], password=given["password"])
        if not isinstance(user, User) or user.is_guest:
            raise WrongCredentialsError
        forgive(request._request)
        forget_wrong_passwords(request._request, given["email"])
        return Response(TokenSerializer(issue_token(user=user)).data)


class WrongCredentialsError(exceptions.AuthenticationFailed):
    """Unknown address or wrong password; nobody learns which."""

    default_code = "wrong_credentials"
    shown = "E-mail atau kata sandi salah."


@method_decorator(conditional_page, name="dispatch")
class ProductListView(PublicApiView):
    """Products on sale, newest first."""

    @extend_schema(
        operation_id="listProducts",
        summary="List products on sale",
        description="Answers carry an `ETag`; `If-None-Match` gives 304.",
        tags=["catalogue"],
        auth=[],
        parameters=[
            OpenApiParameter(
                "search", str, description="Every word has to occur, or one that begins with it; SKUs count as words."
            ),
            OpenApiParameter("category", str, description="The slug of a category."),
            ETAG,
        ],
        responses={200: ProductSerializer(many=True), **problems(400)},
        examples=[
            OpenApiExample("Products", value=examples.PRODUCT, response_only=True, status_codes=["200"]),
            problem_example(
                "Bad cursor",
                400,
                "Kursor ini tidak valid.",
                code="invalid_input",
                errors=[{"field": "cursor", "detail": "Kursor ini tidak valid."}],
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """Answer a page of products, found by words and category."""
        words, category = query_text(request, "search"), query_text(request, "category")
        rows = search_products(words) if words else products_for_sale()
        if category:
            rows = rows.filter(category__slug=category)
        return self.page(rows, ProductSerializer)


@method_decorator(conditional_page, name="dispatch")
class ProductView(PublicApiView):
    """One product on sale."""

    @extend_schema(
        operation_id="getProduct",
        summary="Read a product",
        description="Answers carry an `ETag`; `If-None-Match` gives 304.",
        tags=["catalogue"],
        auth=[],
        parameters=[OpenApiParameter("id", OpenApiTypes.STR, OpenApiParameter.PATH), ETAG],
        responses={200: ProductSerializer, **problems(404)},
        examples=[
            OpenApiExample("Product", value=examples.PRODUCT, response_only=True, status_codes=["200"]),
            problem_example("Unknown", 404, "Data tidak ditemukan.", code="not_found"),
        ],
    )
    def get(self, request: Request, id: str) -> Response:
        """Answer the product."""
        product = products_for_sale().filter(pk=int(id)).first() if int(id) <= MAX_BIGINT else None
        if product is None:
            raise Http404
        return Response(ProductSerializer(product, context={"request": request}).data)


class AddressView(ApiView):
    """The caller's own addresses."""

    write_scope = "orders"
    pagination_class = AllAtOnce

    @extend_schema(
        operation_id="listAddresses",
        summary="List your addresses",
        description="Yours only, the default one first; `id` is what an order names as `addressId`.",
        tags=["account"],
        responses={200: AddressSerializer(many=True), **problems(400, 401)},
        examples=[OpenApiExample("Addresses", value=examples.ADDRESS, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request) -> Response:
        """Answer all of them."""
        return self.page(own_addresses(request), AddressSerializer)

    @extend_schema(
        operation_id="createAddress",
        summary="Save an address",
        description="The first address becomes the default one; at most 20.",
        tags=["account"],
        request=AddressInputSerializer,
        responses={201: AddressSerializer, **problems(400, 401, 403, 413, 415)},
        examples=[
            OpenApiExample("Address", value=examples.ADDRESS_INPUT, request_only=True),
            OpenApiExample("Saved", value=examples.ADDRESS, response_only=True, status_codes=["201"]),
            problem_example(
                "Bad postal code",
                400,
                "Kode pos terdiri dari 5 angka.",
                code="invalid_input",
                errors=[{"field": "postalCode", "detail": "Kode pos terdiri dari 5 angka."}],
            ),
        ],
    )
    def post(self, request: Request) -> Response:
        """Save it."""
        given = self.read(AddressInputSerializer, request)
        is_default = given.pop("is_default")
        address = add_address(user=caller(request), data=AddressData(**given), is_default=is_default)
        return Response(AddressSerializer(address).data, status=201)


def caller(request: Request) -> User:
    """Return who calls; the permissions of the view have made sure that it is somebody."""
    assert isinstance(request.user, User)
    return request.user


def own_addresses(request: Request) -> QuerySet[Address]:
    """Return the caller's addresses, nobody else's."""
    return Address.objects.filter(user=caller(request))


def query_text(request: Request, name: str) -> str:
    """Return a query parameter. Raises InvalidInputError for what no text of ours can hold."""
    text = request.query_params.get(name, "").strip()
    if len(text) > MAX_SEARCH or "\x00" in text:
        raise InvalidInputError(name, f"Paling banyak {MAX_SEARCH} huruf, tanpa karakter NUL.")
    return text
