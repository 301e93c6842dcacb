// The corner shop.

global using App.Support;
using System;
using static System.Math;
using Text = System.Text;

namespace App.Shop
{
    /// <summary>Sells items.</summary>
    /// <typeparam name="T">What it sells.</typeparam>
    [Serializable]
    [Table("shops")]
    public abstract partial class Corner<T> : Store<T>, Naming.INamed, ICountable
        where T : Item
    {
        public const int Limit = 10;
        private readonly Dictionary<string, T> _items = new(), _sold = new();

        /// <summary>Raised after a sale.</summary>
        public event EventHandler? Sold;

        public event EventHandler Closed
        {
            add => Register(value);
            remove { }
        }

        [JsonIgnore]
        public string Name { get; init; } = "corner";
        public int Count => _items.Count;
        public T this[string name]
        {
            get => _items[name];
        }

        public Corner(string name) : base(name) => Name = name;

        /* Sells one item. */
        [Pure]
        protected abstract Task<T?> SellAsync(string name, params string[] more);

        public static bool operator ==(Corner<T> a, Corner<T> b) => Equals(a, b);
        public static implicit operator string(Corner<T> shop) => shop.Name;

        public async Task<int> RestockAsync<U>(
            IEnumerable<U> goods,
            CancellationToken token = default)
            where U : T
        {
            int Weigh(U item) => Scale.Weigh<U>(item);

            var cart = new Cart<U>(goods);
            await SellAsync("tea");
            this.Open()?.Restock(cart);
            return Abs(goods.Select(Weigh).Sum());
        }

        void ICountable.Reset() { }

        public delegate void Handler(object sender, Price price);

        private sealed class Till
        {
            private static int opened;
        }
    }

    /// <summary>
    /// What an item costs.
    /// </summary>
    public record Price(
        decimal Amount,
        string Currency = "EUR") : IPrice;

    public readonly record struct Point(int X, int Y);

    public struct Size
    {
        public int Width;
    }

    public interface IPrice<in T> : IComparable<T>
    {
        decimal Amount { get; }
        void Apply(T discount);
    }

    [Flags]
    public enum Days : byte
    {
        /// <summary>The first.</summary>
        Monday = 1,
        [Obsolete] Sunday,
    }

    public class Kiosk(string name) : Corner<Item>(name)
    {
    }
}
