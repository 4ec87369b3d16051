"""Detects login, consent and paywall pages that a site shows instead of the requested page.

Ordinary news pages have cookie banners and login links too: so only pages whose strip is missing or doubted are tested.
"""

import re
from typing import Final
from urllib.parse import urlsplit

_LOOKED_AT: Final = 200_000
"""Characters at the beginning of a page that are searched: a wall asks early."""
_PATH: Final = re.compile(
    r"(?:^|[/._-])(?:log-?in|sign-?in|signon|auth|sso|consent|gdpr|cookiewall|paywall|captcha|challenge)(?:[/._-]|$)",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"""type\s*=\s*["']?password|accept\s+(?:all\s+)?cookies|before\s+you\s+continue|we\s+value\s+your\s+privacy"""
    r"|log\s?in\s+to\s+(?:continue|read)|sign\s?in\s+to\s+(?:continue|read)|subscribe\s+to\s+(?:continue|read)"
    r"|verify\s+(?:that\s+)?you\s+are\s+(?:a\s+)?human|checking\s+your\s+browser"
    r"|tout\s+accepter|accepter\s+(?:tous\s+les\s+)?cookies|continuer\s+sans\s+accepter|connectez-vous|se\s+connecter"
    r"|gérer\s+(?:mes|vos)\s+(?:choix|préférences)|abonnez-vous\s+pour\s+(?:lire|continuer)"
    r"|تسجيل\s+الدخول|سجل\s+الدخول|ملفات\s+تعريف\s+الارتباط|قبول\s+الكل|قبول\s+الجميع|موافقتك|كلمة\s+المرور",
    re.IGNORECASE,
)


def wall_of(body: str, address: str, answered_by: str) -> str | None:
    """Why a page looks like a wall, as a message; None if it does not.

    Args:
        body: The page.
        address: The requested address.
        answered_by: The address that answered, after redirects.
    """
    path = urlsplit(answered_by).path
    if answered_by != address and (found := _PATH.search(path)):
        return f"it was sent on to {path[:80]} ({found[0].strip('/._-')})"
    if asks := _ASKS.search(body, 0, _LOOKED_AT):
        return f"the page says {' '.join(asks[0].split())!r}"
    return None
