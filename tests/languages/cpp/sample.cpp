// A small shop: what a C++ file can hold.
#include <vector>
#include "shop/stock.h"

#define MAX_ITEMS 10
#define LARGER(a, b) ((a) > (b) ? (a) : (b))

namespace shop::front {

class Later;
constexpr int kShelves = 4;
static int opened, closed = 2;
using Price = double;
template <typename T> using List = std::vector<T>;
template <typename T>
concept Sellable = requires(T item) { item.price(); };

enum class Day : int {
  // The first day.
  Monday = 1,
  Tuesday,
};

/// Sells items.
template <typename T, int N = 1>
class Shop final : public Base<T>, private stock::Shelf {
 public:
  using value_type = T;
  enum Size { kSmall, kLarge };

  explicit Shop(std::string owner) : owner_(std::move(owner)), total_{0} {}
  Shop(const Shop&) = delete;
  virtual ~Shop() = default;
  Shop();

  /**
   * Sells one item.
   */
  [[nodiscard]] virtual Price sell(const T& item, int count = 1) const noexcept override;
  static Shop* create();
  const std::vector<T>& items() const { return items_; }
  bool operator==(const Shop& other) const { return total_ == other.total(); }
  operator bool() const;
  template <typename U>
  U convert() const;

 private:
  struct Receipt {
    int number = 0;
  };
  std::string owner_;
  std::vector<T> items_;
  int first_, *last_;
  double total_ = 0;
  Stock& stock_;
  void (*on_sale_)(int);
  static const int kCount = 1;
  friend class Auditor;
};

template <typename T, int N>
Price Shop<T, N>::sell(const T& item, int count) const noexcept {
  auto discount = [](Price price) { return price * 0.9; };
  Receipt local{1};
  return discount(stock::find<T>(item)->price()) * this->total_;
}

template <>
struct Traits<int> {
  static void reset();
};

}  // namespace shop::front

shop::front::Till::Till(int size) : size_(size) { open(); }
shop::front::Till::~Till() { delete new Drawer(size_); }
const char* shop::Till::label() const { return names::all::first(); }
std::ostream& operator<<(std::ostream& out, const Till& till) { return out; }
int* counts(int size);
extern "C" int shop_count(void);

namespace {
void hidden() {}
}

typedef struct tag {
  int value;
} tag_t;

class SHOP_API Widget : public QObject {
  void paint();
};

TEST_F(ShopTest, SellsItems) {
  EXPECT_EQ(1, counts(2)[0]);
}
