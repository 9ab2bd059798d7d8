//! Which image is meant, and when it is asked of a registry.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// When an image is pulled.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pull {
    /// When the engine does not have it.
    #[default]
    Missing,
    /// Once in every run, because the name may mean another image by now.
    Always,
    /// Not at all.
    Never,
}

/// The operating system and processor that an image is for, in the words of the image specification (`linux/arm64/v8`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl Platform {
    /// Makes a platform of the words that an image has; names of processors that mean the same become one.
    pub fn new(os: &str, architecture: &str, variant: &str) -> Self {
        let (architecture, implied) = match architecture {
            "x86_64" | "x86-64" => ("amd64", ""),
            "aarch64" => ("arm64", ""),
            "armhf" => ("arm", "v7"),
            "armel" => ("arm", "v6"),
            other => (other, ""),
        };
        let variant = if variant.is_empty() { implied } else { variant };
        // Every arm64 is a v8 (https://github.com/opencontainers/image-spec/blob/main/image-index.md).
        let variant =
            Some(variant).filter(|&variant| !variant.is_empty() && (architecture, variant) != ("arm64", "v8"));
        Self { os: os.to_owned(), architecture: architecture.to_owned(), variant: variant.map(str::to_owned) }
    }

    /// Tells whether an image for `other` is what this asks for. A platform without a variant asks for any.
    pub fn admits(&self, other: &Self) -> bool {
        let same = (&self.os, &self.architecture) == (&other.os, &other.architecture);
        same && (self.variant.is_none() || self.variant == other.variant)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        self.variant.as_ref().map_or(Ok(()), |variant| write!(f, "/{variant}"))
    }
}

impl FromStr for Platform {
    type Err = String;

    /// Reads `OS/ARCH` or `OS/ARCH/VARIANT`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_word = |part: &&str| {
            !part.is_empty() && part.chars().all(|char| char.is_ascii_alphanumeric() || "_-.".contains(char))
        };
        match parts[..] {
            [os, architecture] if parts.iter().all(is_word) => Ok(Self::new(os, architecture, "")),
            [os, architecture, variant] if parts.iter().all(is_word) => Ok(Self::new(os, architecture, variant)),
            _ => Err("must be OS/ARCH or OS/ARCH/VARIANT".to_owned()),
        }
    }
}

impl TryFrom<String> for Platform {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn a_platform_is_read_in_the_words_of_images_and_of_machines() {
        assert_eq!(platform("linux/x86_64"), platform("linux/amd64"));
        assert_eq!(platform("linux/aarch64").to_string(), "linux/arm64");
        assert_eq!(platform("linux/arm64/v8"), platform("linux/arm64"));
        assert_eq!(platform("linux/arm/v7").to_string(), "linux/arm/v7");
        for bad in ["", "linux", "linux/", "linux/arm/v7/x", "linux/a b", "/amd64"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_platform_without_a_variant_asks_for_any() {
        assert!(platform("linux/arm").admits(&platform("linux/arm/v7")));
        assert!(!platform("linux/arm/v6").admits(&platform("linux/arm/v7")));
        assert!(!platform("linux/arm64").admits(&platform("linux/amd64")));
    }
}
