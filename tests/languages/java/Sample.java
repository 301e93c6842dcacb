/*
 * A small shop: what a Java file can hold.
 */
package com.example.shop;

import java.util.List;
import java.util.function.*;
import static com.example.stock.Items.find;

/**
 * Sells items.
 *
 * @param <T> what is sold
 */
@Service(
    name = "shop")
public abstract class Sample<T extends Item> extends Base<T> implements Seller, stock.Shelf<T> {
  /** How many items fit. */
  public static final int MAX_ITEMS = 10;
  private static final Logger log = Logger.getLogger("shop");
  String owner;
  @Inject
  private List<T> items = new ArrayList<>(), sold;

  static {
    log.info("loaded");
  }

  // Opens a shop.
  protected Sample(String owner) throws ClosedException {
    super(owner);
    this.owner = owner;
  }

  @Override
  @Deprecated public <R extends Number> R sell(
      final T item, String... names) throws ClosedException {
    class Receipt {
      int number;
    }
    Runnable audit = new Runnable() {
      @Override
      public void run() {
        log.info(item.label());
      }
    };
    Function<T, String> label = Item::label;
    return find(names[0]).map(found -> new stock.Price(found)).orElse(null);
  }

  abstract void close();

  public enum Day implements Named {
    /** The first day. */
    MONDAY(1) {
      int opens() {
        return 8;
      }
    },
    TUESDAY;

    private final int number;

    Day(int number) {
      this.number = number;
    }
  }

  record Money(double amount, @Nullable String currency) implements Comparable<Money> {
    static final Money NONE = new Money(0, "");

    Money {
      Objects.requireNonNull(currency);
    }

    @Override
    public int compareTo(Money other) {
      return Double.compare(amount, other.amount);
    }
  }

  @interface Open {
    String from() default "8:00";
  }

  sealed interface Rack<T> extends Iterable<T>, stock.Named permits WoodRack {
    int SIZE = 4;

    T take(int at);

    default boolean empty() {
      return take(0) == null;
    }
  }
}
