{-# LANGUAGE GADTs #-}
{-# LANGUAGE TypeFamilies #-}

-- | A corner shop.
module App.Shop
  ( Corner (..)
  , sell
  ) where

import Data.Map (Map, (!))
import qualified Data.Text as Text
import App.Stock hiding (restock)

-- | A shop and its owner.
data Corner a
  = Corner
      { owner :: String
      , size, limit :: !Int
      }
  | Kiosk Int
  deriving (Eq, Show)

newtype Price = Price {amount :: Int}
  deriving newtype (Num)

type Handler = Int -> IO ()

data Expr :: Type -> Type where
  Lit :: Int -> Expr Int
  Add :: Expr Int -> Expr Int -> Expr Int

type family Currency a where
  Currency Price = Int

-- | What can be sold.
class (Eq a) => Sellable a where
  -- | The price.
  price :: a -> Int
  price _ = 0

  (<+>) :: a -> a -> a

instance Sellable (Corner a) where
  price shop = size shop
  left <+> _ = left

instance Sellable Price where
  price = amount

infixl 6 <+>

-- | Sells one item.
--
-- Fails for an unknown name.
sell :: Ord a => Corner a -> String -> Maybe Int
sell (Corner name count _) item
  | count > 0 = Just (weigh count)
  | otherwise = Nothing
  where
    weigh :: Int -> Int
    weigh number = number + Text.length item
sell (Kiosk number) _ = do
  let total = double number
  logLine total
  pure . double $ total `plus` number

{- Joins two
   numbers. -}
(+++) :: Int -> Int -> Int
left +++ right = left + right

defaultLimit :: Int
defaultLimit = 10

pattern Half x <- (halve -> Just x)

foreign import ccall "sin" c_sin :: Double -> Double

main :: IO ()
main = mapM_ print (fmap defaultLimit [])

double number = number * 2
