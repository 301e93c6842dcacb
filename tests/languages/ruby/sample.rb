# frozen_string_literal: true

require "json"
require_relative "shop/stock"

$default_shop = nil

# A shop and what belongs to it.
module Shop
  VERSION = "1.2"
  LEFT, RIGHT = 1, 2
  Price = Struct.new(:amount, :currency) do
    # The sum of two prices.
    def +(other) = Price.new(amount + other.amount, currency)
  end
  ClosedError = Class.new(StandardError)

  autoload :Till, "shop/till"

  # Sells items.
  class Corner < Stock::Base # :nodoc:
    include Enumerable
    extend Shop::Finders, Forwardable

    @@open_shops = 0
    DEFAULTS = {
      open_at: 8
    }.freeze

    attr_reader :owner, :address
    belongs_to :city, optional: true
    scope :open_now, -> { where(open: true) }

    class << self
      # The shop everyone means.
      def default
        @default ||= new("Ada")
      end
    end

    def self.find_all!(*ids, limit: 10, **options)
      # Not one is missing.
      ids.map { |id| lookup(id)&.open }
    end

    def initialize(owner, open_at: 8)
      super()
      @owner = owner
    end

    # Sells one item.
    #
    # Raises when closed.
    sig { params(name: String).returns(Price) }
    def sell(
      name,
      &block
    )
      raise ClosedError unless open?
      restock
      block.call(name)
    rescue KeyError => error
      log error
    end

    def each(&) = @items.each(&)
    def owner=(name)
      @owner = name
    end
    alias vend sell
    alias_method :purchase, :sell

    private def restock; JSON.parse(File.read("stock.json")); end
    define_method(:closed?) { !open? }
  end

  class Corner::Window; end

  def self.open?
    # Nobody knows.
  end
end

def helper(text) # prints
  puts text
end

class ShopTest < Minitest::Test
  test "sells an item" do
    assert_equal 1, Shop::Corner.default.sell("tea")
  end
end

RSpec.describe Shop::Corner do
  context "when open" do
    it("sells") { expect(subject).to be_open }
  end
end

desc "Opens the shop"
task open: :environment do
  helper "open"
end
