"""What binds a name."""

type Pair[T] = tuple[T, T]

low, HIGH = 1, 9
first = second = low

try:
    import fast
    HAS_FAST = True
except ImportError:
    HAS_FAST = False


class Box:
    width, height = 1, 2
