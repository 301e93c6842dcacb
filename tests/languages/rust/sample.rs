//! A small shop: what a Rust file can hold.
//! Second line.

use std::{collections::HashMap, fmt::{self, Display}, io::*};
pub use crate::stock::Item as StockItem;
use super::price::Price;
extern crate serde;

mod shelf;

/// How many items fit.
pub const MAX_ITEMS: usize = 10;
static mut OPENED: u32 = 0;
type Result<T> = std::result::Result<T, Error>;

/// Sells items.
///
/// Longer text.
#[derive(Debug, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Shop<'a, T: Item + 'a>
where
    T: Send,
{
    /// Who pays.
    pub owner: &'a str,
    #[serde(default)]
    items: Vec<T>,
}

struct Pair(pub u8, u8);
struct Unit;

union Bits {
    whole: u32,
}

pub enum Day {
    /// The first day.
    Monday = 1,
    Market(Price),
    Closed { reason: String },
}

/** What sells. */
pub trait Seller: Named + fmt::Debug {
    type Output: Display;
    const OPEN: u8 = 8;
    fn sell(&mut self, name: &str) -> Result<Self::Output>;
    fn close(&self) {}
}

impl<'a, T: Item> Shop<'a, T> {
    pub const KIND: &'static str = "corner";

    /// Opens a shop.
    #[must_use]
    pub async fn new(owner: &'a str) -> Self {
        fn check(owner: &str) -> bool {
            !owner.is_empty()
        }
        let discount = |price: f64| price * 0.9;
        assert!(check(owner), "no owner: {}", describe(owner));
        Self { owner, items: Vec::with_capacity(MAX_ITEMS) }
    }
}

impl<T> Seller for Shop<'_, T> {
    type Output = Price;

    fn sell(&mut self, name: &str) -> Result<Price> {
        self.items.iter().map(|item| item.quote::<f64>(name)).next().ok_or_else(shelf::empty)
    }
}

impl<T: Seller> fmt::Display for Box<T> {}
impl From<Pair> for [u8; 2] {}

#[macro_export]
macro_rules! price {
    ($amount:expr) => {
        Price::new($amount)
    };
}

extern "C" {
    fn external(code: i32) -> i32;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sells() {
        assert_eq!(Shop::new("Ada").owner, price!(1).to_string());
        unsafe { external(1) };
    }
}
