//! Addresses for networks: small pieces of a range that nobody else uses.

use core::net::Ipv4Addr;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A block of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subnet {
    first: u32,
    bits: u8,
}

impl Subnet {
    /// Tells whether two blocks have an address in common.
    pub fn overlaps(self, other: Self) -> bool {
        let bits = self.bits.min(other.bits);
        prefix(self.first, bits) == prefix(other.first, bits)
    }

    /// Returns how many of its leading bits are fixed, 0 to 32.
    pub fn bits(self) -> u8 {
        self.bits
    }

    /// Lists the free blocks with `bits` leading bits, beginning with the one at `start` and going round.
    pub fn free(self, bits: u8, start: u32, taken: &[Self]) -> impl Iterator<Item = Self> {
        let count = if bits < self.bits { 0 } else { 1_u64 << u32::from(bits.min(32) - self.bits) };
        let size = 1_u64 << (32 - u32::from(bits));
        (0..count).filter_map(move |number| {
            let place = (number + u64::from(start)) % count;
            let first = u32::try_from(u64::from(self.first) + place * size).ok()?;
            let block = Self { first, bits };
            (!taken.iter().any(|other| other.overlaps(block))).then_some(block)
        })
    }
}

fn prefix(address: u32, bits: u8) -> u32 {
    address.checked_shr(32 - u32::from(bits)).unwrap_or(0)
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from_bits(self.first), self.bits)
    }
}

impl Default for Subnet {
    /// A range that few networks use: `10.213.0.0/16`.
    fn default() -> Self {
        Self { first: Ipv4Addr::new(10, 213, 0, 0).to_bits(), bits: 16 }
    }
}

impl From<Subnet> for String {
    fn from(subnet: Subnet) -> Self {
        subnet.to_string()
    }
}

impl TryFrom<String> for Subnet {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Subnet {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, bits) = text.split_once('/').ok_or("it has no `/` and number of bits")?;
        let address: Ipv4Addr = address.parse().map_err(|_| "its address is not one of IPv4")?;
        let bits = bits.parse().ok().filter(|bits| *bits <= 32).ok_or("its number of bits is not 0 to 32")?;
        let first = address.to_bits();
        if bits < 32 && first << bits != 0 {
            return Err("its address has bits behind the prefix");
        }
        Ok(Self { first, bits })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn subnet(text: &str) -> Subnet {
        text.parse().unwrap()
    }

    #[test]
    fn blocks_are_read_and_written() {
        assert_eq!(subnet("10.213.0.0/16").to_string(), "10.213.0.0/16");
        assert_eq!(subnet("0.0.0.0/0").bits(), 0);
        for broken in ["10.213.0.0", "10.213.0.1/16", "10.0.0.0/33", "fd00::/8", "a/8"] {
            assert!(broken.parse::<Subnet>().is_err(), "{broken}");
        }
    }

    #[test]
    fn a_full_range_has_none_left() {
        let range = subnet("10.213.0.0/26");
        let taken = [subnet("10.213.0.0/27"), subnet("10.213.0.32/28")];
        assert_eq!(range.free(28, 7, &taken).collect::<Vec<_>>(), [subnet("10.213.0.48/28")]);
        assert_eq!(range.free(28, 0, &[subnet("10.0.0.0/8")]).next(), None);
        assert_eq!(range.free(20, 0, &[]).next(), None, "a range is not widened");
    }

    proptest! {
        #[test]
        fn what_is_free_is_in_the_range_and_overlaps_nothing(
            start in any::<u32>(), bits in 20_u8..30, taken in proptest::collection::vec((any::<u16>(), 18_u8..32), 0..20),
        ) {
            let range = subnet("10.213.0.0/16");
            let taken: Vec<Subnet> = taken.iter().map(|(low, bits)| {
                let address = (10_u32 << 24) | (213 << 16) | u32::from(*low);
                Subnet { first: prefix(address, *bits) << (32 - u32::from(*bits)), bits: *bits }
            }).collect();
            let free: Vec<Subnet> = range.free(bits, start, &taken).collect();
            for (number, block) in free.iter().enumerate() {
                prop_assert!(block.overlaps(range) && block.bits() == bits);
                prop_assert!(taken.iter().chain(&free[..number]).all(|other| !other.overlaps(*block)));
            }
            let covered = |block: &Subnet| taken.iter().any(|other| other.overlaps(*block));
            let all: Vec<Subnet> = range.free(bits, 0, &[]).collect();
            prop_assert_eq!(free.len(), all.iter().filter(|block| !covered(block)).count());
        }
    }
}
