#!/usr/bin/env node
/**
 * A shop front: what a JavaScript file can hold.
 */
import React, { useState as state } from "react";
import * as stock from "./stock.js";
export { Price, tax as vat } from "./price.js";
const { join } = require("node:path");
const legacy = require("./legacy");

export const MAX_ITEMS = 10;
const cache = new Map(), limit = stock.limit();
let counter;
export const { added, removed } = slice.actions;

// Rounds to whole cents.
export const round = (price) => Math.round(price * 100) / 100;
const parse = async function* parseLines(text) {
  yield* text.split("\n");
};

/** Sells items. */
export class Shop extends mix(Base, stock.Shelf) {
  static #open = 0;
  name = "corner";
  onClose = () => this.close();

  constructor(owner) {
    super(owner);
    this.#count();
  }

  // Prices by name.
  @memoize
  get prices() {
    function byName(a, b) {
      return a.name.localeCompare(b.name);
    }
    const total = 0;
    const discount = (price) => {
      return price * 0.9;
    };
    return this.items.sort(byName).map(discount);
  }

  static async *[Symbol.asyncIterator]() {}
  #count() {
    Shop.#open += 1;
  }
}

export const Button = React.memo(function Button({ label, ...rest }) {
  const [on, setOn] = state(false);
  return (
    <stock.Row {...rest}>
      <Icon name={label} />
      <span onClick={() => setOn(!on)}>{label}</span>
    </stock.Row>
  );
});

const names = legacy.items.map((item) => item.name);
const api = {
  base: "/api",
  fetch(path) {
    return import("./http.js").then((http) => http.get(join(this.base, path)));
  },
  post: async (path) => null,
};

Shop.prototype.refund = function (item) {
  return round(item.price);
};
Shop.create = () => new Shop("Ada");
exports.open = function open() {};

describe("Shop", () => {
  it(`sells ${MAX_ITEMS} items`, async () => {
    expect(new stock.Item()).toBeDefined();
  });
  it.each([1, 2])("refunds", function (count) {});
});

export default function () {
  return <Button label="Sell" />;
}
