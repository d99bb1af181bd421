"""What the shop knows about a person: handed out on request, and forgotten on request (UU PDP 27/2022).

Here, and not in ``shop``, because it lies in every app below: accounts, orders, payments, mails. A new column with
personal data needs a place in ``export`` and ``erase``; a test finds the ones that have none.
"""

from payments.personal_data.erase import erase_person, forget_sent_mails, reasons_to_stay
from payments.personal_data.export import export_person

__all__ = ["erase_person", "export_person", "forget_sent_mails", "reasons_to_stay"]
