--- A small shop: what a Lua module can hold.
-- Second line of the module's comment.
local json = require("cjson.safe")
local stock = require "shop.stock"
local log = require("shop.log").new("shop")

local MAX_ITEMS <const> = 10
local cache = {}
local open_at, close_at = 8, 18
local unset
VERSION = "1.2.0"
debug_mode = false

---@class Shop
---@field owner string
local Shop = {}
Shop.__index = Shop
Shop.limit = MAX_ITEMS

--[[ Opens a shop
     for its owner. ]]
function Shop.new(owner, ...)
  local self = setmetatable({ owner = owner }, Shop)
  stock.load(json.decode(...))
  return self
end

--- Sells one item.
---@param item string
function Shop:sell(
  item,
  count
)
  local function discount(price)
    return price * 0.9
  end
  self.log:write("sold", item)
  return discount(stock.find(item).price) * (count or 1)
end

function Shop.reports.monthly:print() io.write "report" end

-- Counts what is left.
local function count(t, ...)
  -- not part of the signature
  local n = 0
  for _ in pairs(t) do n = n + 1 end
  return n
end

local double = function(x) return x * 2 end

Shop.close = function(self)
  goto done
  ::done::
  cache[self] = nil
end

on_exit = function()
  log.flush()
end

local handlers = {
  -- Runs on a sale.
  sale = function(event) return count(event) end,
  ["refund"] = function(event)
    return double(event.price)
  end,
  retries = 3,
}

do
  local hidden = 1
  print(hidden, [[long
string]])
end

return setmetatable(Shop, { __call = function(_, ...) return Shop.new(...) end })
