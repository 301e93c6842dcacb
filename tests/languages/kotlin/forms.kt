package app.shop

class Till
private constructor(
    internal val coins: List<Int>,
) {
    fun total(): Int = coins.sum()

    class Drawer<T : Any>
    @Inject internal constructor(val slot: T) : Closeable {
        override fun close() {}
    }

    fun reset() {
    }
}

data class Change(val coins: Int, val notes: Int) { val sum get() = coins + notes }
class Reader { fun read(): Int = 1 }
object Empty { val items = listOf<Int>().map { it + 1 } }

class Counter {
    var value: Int = 0
        private set
    var limit: Int = 9; private set
    val left: Int
        get() = limit - value

    fun step() {
        value += 1
    }
}

context(Logger)
fun announce(text: String) {
    info(text)
}

context(log: Logger, clock: Clock)
fun label(value: Any): String = when (value) {
    is Int if value > 9 -> "many"
    is String -> value
    else -> "none"
}

fun last() = 1
