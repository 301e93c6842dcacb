"""A sample repository in several languages, and memories over it that need no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np

from indexers.embedding.embed import Vectors
from memory_server.memory import Memory
from tests.support.code_base import write_files

SAMPLE = {
    "shop/__init__.py": "",
    "shop/prices.py": '''"""Prices in cents."""

TAX_PERCENT = 20


def add_tax(price: int) -> int:
    """The price with tax."""
    return price + price * TAX_PERCENT // 100


def apply_discount(price: int, percent: int) -> int:
    """Take a discount in percent off a price. Never below zero."""

    def clamp(value: int) -> int:
        return max(0, value)

    return clamp(price - price * percent // 100)
''',
    "shop/cart.py": '''"""What a customer wants to buy."""

from functools import cache

from shop.prices import add_tax, apply_discount


class Cart:
    """Items with their prices."""

    def __init__(self) -> None:
        self.items: dict[str, int] = {}

    def add(self, name: str, price: int) -> None:
        """Put one item into the cart."""
        if price < 0:
            raise ValueError("a price below zero")
        self.items[name] = price

    @cache
    def total(self, percent: int = 0) -> int:
        """What all items cost together, less a discount."""
        total = sum(self.items.values())
        # the discount comes before the tax
        return add_tax(apply_discount(total, percent))


class GiftCart(Cart):
    def total(self, percent: int = 0) -> int:
        return apply_discount(super().total(percent), 5)
''',
    "shop/checkout.py": """from shop.cart import Cart, GiftCart


def pay(cart: Cart) -> int:
    amount = cart.total()
    print(amount)
    return cart.total(10)


EMPTY = pay(GiftCart())
""",
    "tests/test_cart.py": """from shop.cart import Cart
from shop.prices import apply_discount


def make_cart() -> Cart:
    cart = Cart()
    cart.add("tea", 300)
    return cart


def test_discount_is_taken_off() -> None:
    assert apply_discount(100, 20) == 80


def test_total_adds_up() -> None:
    assert make_cart().total() == 360
""",
    "examples/demo.py": "from shop.cart import Cart\n\n\ndef total():\n    return Cart().total()\n",
    "web/cart.ts": """import { formatPrice } from "./format";

export interface Item {
  name: string;
  price: number;
}

/** One line of the cart. */
export function describeItem(item: Item): string;
export function describeItem(name: string, price: number): string;
export function describeItem(item: Item | string, price = 0): string {
  return typeof item === "string" ? formatPrice(price) : formatPrice(item.price);
}

export class CartView {
  render(items: Item[]): string {
    return items.map((item) => describeItem(item)).join(" ");
  }
}
""",
    "web/format.ts": """/** A price with two decimals. */
export function formatPrice(price: number): string {
  return (price / 100).toFixed(2);
}
""",
    "server/main.go": """package main

import "net/http"

// Serve answers requests until it fails.
func Serve(address string) error {
	return http.ListenAndServe(address, newMux())
}

func newMux() *http.ServeMux {
	return http.NewServeMux()
}
""",
    "store/Store.java": """package store;

/** Keeps orders. */
public interface Store {
    void save(String order);
}
""",
    "store/MemoryStore.java": """package store;

import java.util.ArrayList;
import java.util.List;

public class MemoryStore implements Store {
    private final List<String> orders = new ArrayList<>();

    @Override
    public void save(String order) {
        orders.add(order);
    }
}
""",
    "store/FileStore.java": """package store;

public class FileStore implements Store {
    @Override
    public void save(String order) {
        append(order, 1);
    }

    private void append(String order, int times) {
        System.out.println(order);
    }
}
""",
    "engine/lib.rs": """//! Rules of the shop.

pub trait Rule {
    fn holds(&self, total: u64) -> bool;
}

/// At least so much.
pub struct Minimum {
    pub amount: u64,
}

impl Rule for Minimum {
    fn holds(&self, total: u64) -> bool {
        total >= self.amount
    }
}
""",
    "docs/guide.md": "# Guide\n\nHow to buy.\n\n## Discounts\n\nA discount comes off before the tax.\n",
    "settings.json": '{"port": 8080, "discount": {"percent": 5}}\n',
    "empty.py": "",
    "wide.py": "ROWS = [" + "1234567890, " * 200 + "]\n\n\ndef read_rows():\n    return ROWS\n",
    "naïve.py": "# préface\x0c\u2028 two\ndef grüße(name):\n    return f'hallo {name} 👋' * 3\n",
}


@dataclass(frozen=True, slots=True)
class WordEmbedder:
    """Counts of a text's words in a few dimensions: alike texts are near, and no model is needed."""

    id: str = "words-1"
    dimensions: int = 64

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in text.split():
                row[crc32(word.encode()) % self.dimensions] += 1.0
        unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1.0)
        return unit

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self.embed([text])[0]
        return vector


def make_sample(root: Path) -> Path:
    """Write the sample repository."""
    write_files(root, SAMPLE)
    return root


def memory_over(root: Path, *, shipped: bool = False) -> Memory:
    """A folder read into memory alone: lancedb is not imported. Vectors count words, or are the shipped model's."""
    memory = Memory.open(root, embedder=None if shipped else WordEmbedder())
    memory.tree.overlay()
    return memory


@dataclass(slots=True)
class Clock:
    """What deadlines are told by instead of `time`: it stands still, at ``now`` seconds, until a test moves it."""

    now: float = 0.0

    def monotonic(self) -> float:
        """The time."""
        return self.now
