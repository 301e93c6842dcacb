//go:build linux

// Package shop is a small shop: what a Go file can hold.
package shop

import (
	"context"
	. "strings"
	_ "embed"

	stock "example.com/shop/stock/v2"
)

// MaxItems is the size of a shelf.
const MaxItems = 10

const (
	// Monday is the first day.
	Monday Day = iota
	Tuesday
	opens, closes = 8, 20
)

const (
	small = 1
	large = 2
)

//go:embed banner.txt
var banner string

var (
	_        Seller = (*Shop[int])(nil)
	registry        = map[string]*Shop[int]{}
	x, y     int
)

// Day counts from Monday.
type Day int

type (
	First struct{ n int }
	// Price is a callback.
	Price func(name string) (float64, error)
	Alias = stock.Item
)

// Seller sells.
type Seller interface {
	stock.Shelf
	error
	// Sell takes one item.
	Sell(ctx context.Context, names ...string) error
	~int | ~string
}

/*
Shop holds items.
It is safe for concurrent use.
*/
type Shop[T any] struct {
	sync.Mutex
	*stock.Base[T]
	Owner string `json:"owner"` // who pays
	// First and last.
	first, last int
	options     struct {
		verbose bool
	}
}

// New opens a shop.
func New[T any](owner string) *Shop[T] {
	return &Shop[T]{Owner: owner, Base: stock.NewBase[T](), options: Make[T](owner)}
}

// Sell implements Seller.
//
//nolint:errcheck
func (s *Shop[T]) Sell(
	ctx context.Context,
	names ...string,
) (err error) {
	type local struct{ n int }
	discount := func(price float64) float64 { return price * 0.9 }
	defer s.Unlock()
	go s.audit(ToUpper(names[0]), discount(1))
	return stock.Find(ctx, names).Err()
}

func (Day) String() string { return registry["a"].first.Name() }

func init() {
	var table = []stock.Item{{Name: "a"}}
	_ = len(table)
}

func external(a int) int
