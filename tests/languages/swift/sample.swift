// Sample.swift: a shop.

import Foundation
import class UIKit.UIView
@testable import Stock

let openAt = 8
var current: Corner<Item>?

/// Sells items.
///
/// - Note: Opens at eight.
@MainActor
@available(iOS 13, *)
public final class Corner<T: Item>: Store<T>, Naming.Named, Countable where T: Hashable {
    static let limit = 10
    @Published private(set) var name: String = "corner"
    lazy var items: [T] = []
    var left = 1, right = 2

    /// How many items there are.
    var size: Int {
        items.count
    }

    var visitors: Int = 0 {
        didSet { update() }
    }

    weak var delegate: Delegate?

    init(name: String) {
        self.name = name
        super.init()
    }

    convenience init?(size: Int) { self.init(name: "small") }

    deinit { close() }

    subscript(index: Int) -> T {
        items[index]
    }

    /**
     Sells one item.
     */
    @discardableResult
    public func sell<U>(
        _ name: String,
        more: U...
    ) async throws -> T? where U: Item {
        func weigh(item: T) -> Int { item.weight() }
        let cart = Cart<T>(items)
        self.restock()
        delegate?.till?.add(items.map { weigh(item: $0) })
        return try await load(cart)
    }

    class func make() -> Corner { Corner(name: "Ada") }

    enum Mode: String, CaseIterable {
        case open, closed
        /// Another state.
        case other = "x"
        indirect case nested(Mode)

        var label: String { rawValue }
        func next() -> Mode { .open }
    }

    struct Shelf {}
    typealias Handler = (Int) -> Void
}

protocol Sellable: AnyObject, Priced {
    associatedtype Currency
    var price: Int { get }
    func sell(count: Int) -> Int
    init(price: Int)
    static func free() -> Self
}

// Shops are compared by name.
extension Corner: Equatable where T: Equatable {
    static func == (left: Corner, right: Corner) -> Bool { left.name == right.name }
}

extension Swift.String {
    var shout: String { uppercased() }
}

actor Bank {}

@freestanding(expression)
macro stringify(_ value: Int) -> String = #externalMacro(module: "Macros", type: "Stringify")

#if DEBUG
func debug() { print(current) }
#endif

@Test("sells an item")
func sellsAnItem() {}
