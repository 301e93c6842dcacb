"""A small shop: what a Python file can hold.

More text that is not part of the first paragraph.
"""

from __future__ import annotations

import json
from collections.abc import Iterable as It
from .stock import Stock, find_item

MAX_ITEMS: int = 10
_cache = {}
type Price = float


class Shop(Stock):
    """Sells items."""

    name = "corner"
    limit: int = MAX_ITEMS

    def __init__(self, owner: str, *, open_at: int = 8) -> None:
        super().__init__()
        self.owner = owner

    @property
    def price_list(self) -> dict[str, Price]:
        """Prices by name. Second sentence."""
        return json.loads(self.read())

    async def sell(
        self,
        item: str,
    ) -> Price:
        def discount(price: Price) -> Price:
            return price * 0.9

        return discount(find_item(item).price)

    class Meta:
        ordering = ["name"]


# Compares two shops
# by their owner.
@lru_cache(maxsize=None)
@registry.register("shops")
def compare(a: Shop, b: Shop) -> bool:
    return a.owner == b.owner


if __name__ == "__main__":
    compare(Shop("Ada"), Shop("Grace"))
