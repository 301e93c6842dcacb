/*
 * A small shop: what a C file can hold.
 */
#include <stdio.h>
#include "stock/item.h"

#define SHOP_H
#define MAX_ITEMS 10
/* The larger of two prices. */
#define LARGER(a, b) \
  ((a) > (b) ? (a) : (b))

/* A price in cents. */
typedef unsigned long price_t;
typedef int (*compare_fn)(const void *, const void *);
typedef struct stock *stock_ref;

/** Sells items. */
typedef struct shop {
  const char *owner; /* who pays */
  struct item items[MAX_ITEMS], *first;
  unsigned open : 1;
  int (*on_sale)(struct shop *, int);
  union {
    price_t cents;
    double euros;
  } total;
} shop_t, *shop_ref;

struct item {
  char label[32];
};

union bits {
  int whole;
};

enum day { MONDAY = 1, TUESDAY };

typedef enum {
  /* Not open yet. */
  CLOSED,
  OPEN,
} state_t;

struct later;

static int announced(int code);
extern int shop_count;
int total = 1, *cursor;
static const char *const names[] = {"corner", "market"};

// Opens a shop.
shop_t *shop_open(const char *owner);

#ifdef VERBOSE
static int verbosity = 2;

static void say(const char *text) {
  printf("%s\n", text);
}
#endif

static int announced(int code) {
  struct item local = {0};
  int price = item_price(&local);
  return LARGER(price, code);
}

static inline shop_t *
shop_find(struct shop **shops,
          int at)
{
  return shops[at]->on_sale(shops[at], at) ? shops[at] : NULL;
}

static struct operations ops = {
  .open = shop_open,
  .find = shop_find,
};

int main(int argc, char **argv) {
  (*callback)(argc);
  return announced(argc);
}
