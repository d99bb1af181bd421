"""What of a sent mail is kept: that it went, when, to whom and about what. Its text is forgotten after a while.

A text holds a person's address and links that open an order, and ten years of texts would be nine tenths of every
backup. Mails that were not sent keep theirs: somebody may send them again.
"""

from __future__ import annotations

from django.conf import settings
from django.db import connection

BATCH = 1000

_EMPTY = """
    UPDATE config_outgoingmail SET text = '', html = ''
     WHERE id IN (SELECT id FROM config_outgoingmail
                   WHERE id > %s AND state = 'SENT' AND sent_at < statement_timestamp() - make_interval(days => %s)
                     AND (text <> '' OR html <> '')
                   ORDER BY id LIMIT %s)
    RETURNING id"""


_COUNT = """
    SELECT count(*) FROM config_outgoingmail
     WHERE state = 'SENT' AND sent_at < statement_timestamp() - make_interval(days => %s)
       AND (text <> '' OR html <> '')"""


def count_old_texts() -> int:
    """Return how many mails ``forget_old_texts`` would empty now."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [settings.MAIL_TEXT_DAYS])
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


def forget_old_texts() -> int:
    """Empty the text of mails sent more than ``MAIL_TEXT_DAYS`` days ago, a batch per statement; return how many."""
    done, last = 0, 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_EMPTY, [last, settings.MAIL_TEXT_DAYS, BATCH])
            emptied = [row[0] for row in cursor.fetchall()]
            if not emptied:
                return done
            done, last = done + len(emptied), max(emptied)
