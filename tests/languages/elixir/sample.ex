# The corner shop and what it sells.

defmodule Shop.Corner do
  @moduledoc """
  Sells items.
  """

  use GenServer, restart: :transient
  import Enum, only: [map: 2]
  alias Shop.{Item, Price}
  alias Shop.Till, as: Register
  require Logger

  @behaviour Shop.Store
  @limit 10
  @typedoc "A shop."
  @type t :: %__MODULE__{name: String.t()}
  @typep goods(item) :: [item]

  @doc "Opens a shop."
  @callback open(name :: String.t()) :: :ok

  defstruct [:name, size: 0]

  @doc "Starts a shop."
  def start_link(opts \\ []) do
    GenServer.start_link(__MODULE__, opts)
  end

  @doc """
  Sells one item.

  Fails for an unknown name.
  """
  @doc since: "1.0"
  @spec sell(t, String.t()) :: Item.t() | :error
  @impl true
  def sell(%__MODULE__{} = shop, name) when is_binary(name) do
    weigh = fn item -> Price.of(item) end

    name
    |> String.trim()
    |> lookup(shop)
    |> map(&weigh.(&1))

    Enum.each(list_goods(shop), &restock/1)
    %Register{total: count(shop)}
  end

  def sell(_shop, _name), do: :error

  # Finds an item.
  @spec lookup(String.t(), t) :: Item.t()
  defp lookup(name, shop), do: fetch!(shop.items, name)

  @doc ~S"""
  Whether the shop is open.
  """
  defmacro is_open(shop) do
    quote do: unquote(shop).open
  end

  defguard is_large(size) when size > @limit
  defdelegate count(shop), to: Map, as: :size

  def close do
    Logger.info("closed")
  end

  defmodule Shelf do
    @moduledoc false
    use Ecto.Schema

    schema "shelves" do
      field :name, :string
    end
  end

  defimpl String.Chars, for: Shop.Corner do
    def to_string(shop), do: shop.name
  end
end

defprotocol Shop.Sellable do
  @moduledoc "What can be sold."

  def price(item)
end

defmodule Shop.CornerTest do
  use ExUnit.Case, async: true

  describe "sell/2" do
    test "sells an item", %{shop: shop} do
      assert Shop.Corner.sell(shop, "tea") == :error
    end
  end
end

defimpl Sized, for: [List, Map] do
  def size(items), do: Enum.count(items)
end
