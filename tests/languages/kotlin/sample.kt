@file:JvmName("Shops")

package app.shop

import app.stock.Item
import app.stock.shelves.*
import kotlin.math.max as biggest

const val OPEN_AT = 8
var current: Corner<Item>? = null

/**
 * Sells items.
 *
 * @param T what it sells
 */
@Serializable
@Table("shops")
abstract class Corner<T : Item>(
    val owner: String,
    private var count: Int = 0,
    limit: Int,
) : Store<T>(owner), Naming.Named, Countable by impl where T : Priced {
    companion object {
        const val LIMIT = 10

        /** A shop for tests. */
        @JvmStatic
        fun sample(): Corner<Item> = create("Ada")
    }

    lateinit var till: Till
    var size: Int
        get() = field
        set(value) { field = biggest(value, 0) }
    private val prices by lazy { load() }

    init {
        register(this)
    }

    constructor(owner: String) : this(owner, limit = LIMIT) {
        current = this
    }

    // Sells one item.
    @Throws(IOException::class)
    abstract suspend fun <U : T> sell(name: String, vararg more: U): T?

    override fun count() = size

    fun restock(
        items: List<T>,
        times: Int = 1,
    ): Int {
        fun weigh(item: T) = item.weight()
        val heavy = items.map { weigh(it) }.sum()
        till?.drawer()?.add(heavy times 2)
        return super.restock(items)
    }

    inner class Shelf
}

data class Price(val amount: Int, val currency: String = "EUR")

sealed interface Shape

fun interface Predicate<in T> : Shape {
    fun test(item: T): Boolean
}

enum class Size(val width: Int) : Named {
    /** Fits in a hand. */
    SMALL(1) {
        override fun label() = "s"
    },
    LARGE(2);

    abstract fun label(): String
}

/** Knows every shop. */
object Registry : Base() {
    fun add(shop: Corner<*>) { println(shop) }
}

annotation class Fancy

typealias Handler = (Item) -> Unit

fun String.shout(): String = uppercase()
operator fun <T> List<T>.plus(other: T): List<T> = listOf(other)

@Test
fun `sells an item`() {
    val listener = object : Listener {
        override fun sold() {}
    }
    Registry.add(Corner("Ada"))
}

val Corner<Item>.label: String get() = owner
fun Price?.orFree(): Price = this ?: Price(0)
val (cheapest, dearest) = Registry.range()
