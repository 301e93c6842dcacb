/* What macros, tags and pointers make of C. */
int (*choose_till(int number))(int) { return number ? open_till : close_till; }
void (*on_sale)(int);
int *drawers[3];
void (*handlers[])(int) = {open_till, close_till};

SHOP_CALL2(sell, int, id)
{
  return ring(id);
}
DEFINE_CHECK(stock) { return; }
static void __shopinit prepare(void) { ring(0); }
SHOP_API int exported(int count) { return count; }
static int quiet(int count) SHOP_PURE { return count; }

typedef struct node {
  int value;
  struct node *next;
} node_t;
typedef enum size { SMALL } size_type;
typedef union cell { int whole; } *cell_ref;
typedef struct plain { int value; } plain;
struct SHOP_PACKED record { char kind; };

int last(void) { return 0; }
