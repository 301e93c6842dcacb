// A corner shop.
package app.shop

import app.stock.Item
import app.stock.shelves._
import scala.collection.mutable.{Map => MutableMap, Set}

/** Sells items.
  *
  * @tparam T what it sells
  */
@Entity
abstract class Corner[T <: Item](val owner: String, private var size: Int = 0, limit: Int)(implicit clock: Clock)
    extends Store[T](owner)
    with naming.Named
    with Countable { self: Open =>

  val opensAt = 8
  private lazy val prices: MutableMap[String, Int] = MutableMap.empty
  var state: Int = _
  val address: String
  type Handler = Int => Unit

  def this(owner: String) = this(owner, 0, 10)

  /** Sells one item. */
  @throws[IOException]
  protected def sell[U >: T](name: String, more: U*)(implicit clock: Clock): Option[U]

  override def count(
      weighed: Boolean = false
  ): Int = {
    def weigh(item: T): Int = item.weight
    val heavy = items.map(weigh).sum
    new Cart[T](heavy).add(prices getOrElse ("tea", 1))
    this.restock()
  }

  def +(other: Int): Int = size + other

  class Shelf
}

object Corner extends App {
  def apply(owner: String): Corner[Item] = new Corner[Item](owner) {}
  implicit class Loud(text: String) { def shout: String = text.toUpperCase }
}

case class Price(amount: Int, currency: String = "EUR") extends Ordered[Price]

sealed trait Shape
case object Square extends Shape

package object rates { val euro = 1 }

enum Size(val width: Int) extends Named:
  case Small extends Size(1)
  case Medium, Large
  /** Made to measure. */
  case Custom[T](value: T)

  def label = toString.toLowerCase

opaque type Id = String

given byAmount: Ordering[Price] with
  def compare(left: Price, right: Price): Int = left.amount - right.amount

given Ordering[Size] = Ordering.by(_.width)

// Louder text.
extension (text: String)
  def yell: String = text.toUpperCase

trait Functor[F[_]]:
  def map[A, B](fa: F[A])(f: A => B): F[B]
end Functor

val openShops = 1

@main def run(name: String): Unit =
  println(Corner(name))

class CornerSuite extends AnyFunSuite {
  test("sells an item") {
    assert(Corner("Ada").sell("tea").isEmpty)
  }

  "a corner" should "open" in { Corner("Ada").open() }
}
