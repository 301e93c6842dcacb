//! A small shop: what a Zig file can hold.

const std = @import("std");
const stock = @import("shop/stock.zig");
pub const Item = @import("item.zig").Item;
const Allocator = std.mem.Allocator;

/// Most items in one basket.
pub const max_items: usize = 10;
var open_shops: u32 = 0;
threadlocal var depth: u8 = 0;

/// What can go wrong.
pub const ShopError = error{
    /// Nothing left.
    SoldOut,
    Closed,
};

pub const Mode = enum(u8) {
    open,
    closed = 9,

    pub fn label(self: Mode) []const u8 {
        return @tagName(self);
    }
};

/// Sells items.
// Not thread safe.
pub const Shop = struct {
    owner: []const u8,
    /// Opening hour.
    open_at: u8 = 8,
    mode: Mode = .open,

    const Self = @This();
    pub const empty = Shop{ .owner = "" };

    pub const Meta = packed struct {
        ordering: u4,
    };

    pub fn init(
        allocator: Allocator,
        owner: []const u8,
    ) !Shop {
        try stock.load(allocator);
        return .{ .owner = owner };
    }

    /// Sells one item.
    pub inline fn sell(self: *Self, item: Item) ShopError!f64 {
        if (self.mode == .closed) return error.Closed;
        return discount(stock.find(item).price, .{});
    }
};

const Event = union(enum) { sale: Item, refund: f64, none };
const Handle = opaque {};
const Words = extern struct { low: u32, high: u32 };

/// A basket of anything.
pub fn Basket(comptime T: type) type {
    return struct {
        items: []T,

        pub fn count(self: @This()) usize {
            return self.items.len;
        }
    };
}

fn discount(price: f64, options: struct { rate: f64 = 0.9 }) f64 {
    const rate = options.rate;
    if (rate > 1) @panic("rate");
    return price * rate;
}

extern "c" fn printf(format: [*:0]const u8, ...) c_int;

export fn shop_close(handle: *Handle) callconv(.C) void {
    stock.close(handle);
}

test "a basket counts its items" {
    const basket = Basket(u8){ .items = &.{} };
    try std.testing.expectEqual(0, basket.count());
}

test discount {
    try std.testing.expect(discount(10, .{}) == 9);
}
