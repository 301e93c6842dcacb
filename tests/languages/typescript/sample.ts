// A shop: what a TypeScript file can hold.
import type { Item } from "./item";
import def, { find as lookup } from "@shop/stock";
import fs = require("node:fs");
export type { Price } from "./price";

export const MAX_ITEMS = 10 as const;
const registry = new Map<string, Shop>();
let opened: number;
declare const VERSION: string;

/** What a price can be. */
export type Money<T extends string = "EUR"> = {
  amount: number;
  format(locale: T): string;
} & Tagged;

export interface Shelf<T> extends Iterable<T>, stock.Rack {
  readonly size: number;
  /** Takes one item off. */
  take?(at: number): T | undefined;
  new (label: string): Shelf<T>;
}

export const enum Day {
  Monday = 1,
  Tuesday,
  "Market Day" = "m",
}

/**
 * Sells items.
 */
@Component({
  selector: "shop",
})
export class Shop<T extends Item> extends Base<T> implements Shelf<T>, Named {
  static readonly kinds: string[] = [];
  @Input() owner!: string;
  #secret = 0;
  protected onClose = async (): Promise<void> => {
    await this.close();
  };

  constructor(private readonly stock: Stock<T>, public open = 8) {
    super();
  }

  // One price.
  price(name: string): Promise<Money>;
  @Get("/prices")
  @Roles("clerk")
  async price(
    name: string,
    at?: Date,
  ): Promise<Money> {
    const round = (value: number): number => {
      return lookup!(value);
    };
    return registry.get(name)?.quote<T>(round(1));
  }

  get total(): number {
    return this.#secret;
  }
}

abstract class Counter {
  abstract count(): number;
}

export function compare<T>(a: T, b: T): number;
export function compare(a: unknown, b: unknown): number {
  return fs.statSync(String(a)).size - def(b);
}

export const open = async <T,>(shop: Shop<T & Item>): Promise<void> => import("./doors").then((m) => m.open(shop));

export namespace Prices.Tax {
  export const RATE = 0.19;
  export function add(value: number) {
    return value * (1 + RATE);
  }
}

declare module "express" {
  interface Request {
    shop: Shop<Item>;
  }
  function listen(port: number): void;
}

export default { create: () => new Shop(new stock.Stock()), name: "shop" } satisfies Plugin;
