"""The laws that always hold. Numbers follow the list in ``docs/domain.md``; stored sums (I16) do not exist, so neither
does a law about them."""

from monitoring.laws.base import Law
from monitoring.laws.history import HISTORY_LAWS
from monitoring.laws.money import MONEY_LAWS
from monitoring.laws.stock import STOCK_LAWS
from monitoring.laws.vouchers import VOUCHER_LAWS
from monitoring.laws.watch import WATCH_LAWS

LAWS: tuple[Law, ...] = (*STOCK_LAWS, *MONEY_LAWS, *VOUCHER_LAWS, *HISTORY_LAWS, *WATCH_LAWS)

__all__ = ["LAWS", "Law"]
