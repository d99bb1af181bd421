from shop.models.account import Address, ApiToken, User
from shop.models.cart import Cart, CartItem, CartStatus
from shop.models.catalogue import Category, Product, ProductImage, Variant
from shop.models.count import CountState, StockCount, StockCountLine
from shop.models.listing import FormerCategorySlug, FormerProductSlug, Listing
from shop.models.second_factor import RecoveryCode
from shop.models.site import SiteState
from shop.models.stock import MovementKind, Reservation, ReservationState, StockMovement

__all__ = [
    "Address",
    "ApiToken",
    "Cart",
    "CartItem",
    "CartStatus",
    "Category",
    "CountState",
    "FormerCategorySlug",
    "FormerProductSlug",
    "Listing",
    "MovementKind",
    "Product",
    "ProductImage",
    "RecoveryCode",
    "Reservation",
    "ReservationState",
    "SiteState",
    "StockCount",
    "StockCountLine",
    "StockMovement",
    "User",
    "Variant",
]
