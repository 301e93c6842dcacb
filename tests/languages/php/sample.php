<?php

/**
 * The corner shop.
 */

declare(strict_types=1);

namespace App\Shop;

use App\Stock\{Item, Shelf as Rack};
use Countable;
use function App\Support\price_of;

require_once __DIR__.'/helpers.php';

const OPEN_AT = 8;
define('CLOSE_AT', 20);

/**
 * Sells items.
 *
 * @template T of Item
 */
#[Entity]
#[Table(name: 'shops')]
abstract class Corner extends Base\Store implements Countable, \IteratorAggregate
{
    use Macroable, Notifies {
        notify as protected tell;
    }

    /** How many items fit. */
    public const LIMIT = 10;
    final protected const string NAME = 'corner';

    #[Column]
    protected ?string $owner = null;
    public static $instances = [];
    public readonly int $size;
    private array $left = [], $right = [];
    public string $label {
        get => ucfirst($this->owner);
    }

    public function __construct(
        private readonly Rack $rack,
        int $size = self::LIMIT,
    ) {
        parent::__construct($rack);
        $this->size = $size;
    }

    /**
     * Sells one item.
     *
     * {@inheritdoc}
     */
    #[Pure]
    abstract protected static function &sell(string $name, Item ...$more): ?Item;

    // The number of items.
    public function count(): int
    {
        $prices = array_map(fn (Item $item) => price_of($item), $this->rack->items());

        return static::make()?->rack->sum($prices) + \count($prices);
    }

    public function guest(): object
    {
        return new class($this) extends Visitor {
            public function visit() {}
        };
    }
}

interface Sellable extends Priced, Named
{
    public function price(): float;
}

trait Macroable
{
    public function macro(callable $call): void { Registry::add($call); }
}

enum Size: string implements Named
{
    case Small = 's';
    case Large = 'l';

    public static function guess(int $count): self { return new Size\Guess($count); }
}

if (! function_exists('shop')) {
    function shop(): Corner { return app(Corner::class); }
}

it('sells an item', function () {
    expect(shop()->sell('tea'))->toBeNull();
});

return [
    // Where orders go.
    'queue' => env('SHOP_QUEUE', 'default'),
    'drivers' => [
        'card' => Card::class,
    ],
];
