from shop.models.account import Address, ApiToken, User
from shop.models.cart import Cart, CartItem, CartStatus
from shop.models.catalogue import Category, Product, ProductImage, Variant
from shop.models.listing import FormerCategorySlug, FormerProductSlug, Listing
from shop.models.site import SiteState
from shop.models.stock import MovementKind, Reservation, ReservationState, StockMovement

__all__ = [
    "Address",
    "ApiToken",
    "Cart",
    "CartItem",
    "CartStatus",
    "Category",
    "FormerCategorySlug",
    "FormerProductSlug",
    "Listing",
    "MovementKind",
    "Product",
    "ProductImage",
    "Reservation",
    "ReservationState",
    "SiteState",
    "StockMovement",
    "User",
    "Variant",
]
