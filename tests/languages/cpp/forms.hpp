// What macros make of C++.
class SHOP_API Cursor {
 public:
  Cursor();
  Cursor(const Cursor&) = delete;
  virtual ~Cursor();
  virtual bool valid() const = 0;
  int key() const { return 1; }
};

struct SHOP_EXPORT Settings {
  Settings();
  bool create = false;
};

class SHOP_VIS(hidden) Disk final : public Cursor {
 public:
  void step() override;
};

enum class SHOP_API Colour : int { kRed, kBlue };

class Window : public Base {
  SHOP_OBJECT
  SHOP_PROPERTY(int size READ size WRITE resize)
 public:
  explicit Window(int size);
 public slots:
  void refresh();
 signals:
  void closed(int code);
};

class Guarded {
  void put(int item) SHOP_REQUIRES(lock_);
  int first_ SHOP_GUARDED_BY(lock_);
  void clear() SHOP_EXCLUDES(lock_) { drop(first_); }
  static const int kLimit;
};

const int Guarded::kLimit = 3;
std::map<int, int> Guarded::table_;
SHOP_API const char* label(int code);
SHOP_INLINE void ring(int times) SHOP_NOTHROW { drop(times); }
